"""Client accounts, and what is written in them, as the tests of this folder need them."""

from datetime import timedelta
from typing import Any

from kit.change import Change
from kit.problems import Problem
from services.structures import portal
from services.structures.domain import client_accounts as domain
from services.structures.domain.client_accounts import (
    ClientAccount,
    ClientRecord,
    OrderProperties,
    Properties,
)
from services.structures.domain.identifiers import Identifier
from tests.structures.builders import NOW, a_structure

LATER = NOW + timedelta(hours=1)
PORTAL = portal.read()
FEATURES = PORTAL.feature_codes
SUPPLIER = a_structure()
TOWN = a_structure(
    identifier=Identifier("SIRET", "84965690500015"), kind="public", legal_name="Ville de Melun"
)
ID = domain.account_id(SUPPLIER.id, TOWN.id)
REQUIRED = Properties(chorus=True, orders=OrderProperties(engagement_number_required=True))


def an_account(**but: Any) -> ClientAccount:
    record = ClientRecord(**{"name": "Ville de Melun"} | but.pop("record", {}))
    kept = {
        "id": ID,
        "supplier_id": SUPPLIER.id,
        "structure_id": TOWN.id,
        "reference": "10001",
        "record": record,
        "opened_by": "u-lea",
        "opened_at": NOW,
    }
    return ClientAccount(**kept | but)


def describe(**but: Any) -> ClientRecord:
    said = {"name": None, "client": TOWN, "features": FEATURES, "permissions": {}}
    return domain.describe(**said | but)


def kept(change: Change[ClientAccount]) -> ClientAccount:
    assert change.state
    return change.state


def pointers(problem: Problem) -> list[str]:
    return [one["pointer"] for one in problem.as_json()["errors"]]
