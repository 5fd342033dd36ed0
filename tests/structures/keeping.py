"""Attachments and bank details, as the tests of this folder need them."""

from typing import Any

from kit.formats import Described
from services.structures.domain.attachments import Attachment
from services.structures.domain.bank_accounts import Account, account
from services.structures.domain.bank_details import BankDetails, Wanted
from services.structures.domain.bank_register import BankRegister, Entry
from services.structures.domain.standing import Standing
from tests.structures.builders import NOW, SIRET

STRUCTURE = SIRET.structure_id
BBAN = "30006000011234567890189"
IBAN = f"FR76{BBAN}"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"

LEA = Standing(user_id="u-lea", attached=True, manages=True)
OMAR = Standing(user_id="u-omar", attached=True, manages=False)
STRANGER = Standing(user_id="u-zoe", attached=False, manages=False)


def a_described(**but: Any) -> Described:
    return Described(**{"designation": "rib", "extension": "pdf", "size": len(PDF)} | but)


def an_attachment(**but: Any) -> Attachment:
    said = {
        "id": "a1",
        "version": 1,
        "structure_id": STRUCTURE,
        "type": "RIB",
        "designation": "rib",
        "extension": "pdf",
        "size": len(PDF),
        "content": "c1",
        "scan": "clean",
        "added_by": "u-lea",
        "added_at": NOW,
    }
    return Attachment(**said | but)


def an_account(**but: Any) -> Account:
    said = {"country": "FR", "bban": BBAN, "iban_key": "76", "bic": None}
    return account(but.pop("type", "IBAN"), **said | but)


def a_wanted_account(**but: Any) -> Wanted:
    said = {"name": "Principal", "account": an_account(), "factor": None, "document_id": "a1"}
    return Wanted(**said | but)


def some_details(**but: Any) -> BankDetails:
    said = {
        "id": "d1",
        "version": 1,
        "structure_id": STRUCTURE,
        "name": "Principal",
        "account": an_account(),
        "factor": None,
        "document_id": "a1",
        "added_by": "u-lea",
        "added_at": NOW,
    }
    return BankDetails(**said | but)


def a_register(*entries: Entry, **but: Any) -> BankRegister:
    known = entries or (an_entry(),)
    return BankRegister(**{"id": STRUCTURE, "version": 1, "entries": known} | but)


def an_entry(**but: Any) -> Entry:
    return Entry(**{"details_id": "d1", "name": "Principal", "document_id": "a1"} | but)


def pointer(refused: Any) -> str:
    [error] = refused.value.members["errors"]
    return str(error["pointer"])
