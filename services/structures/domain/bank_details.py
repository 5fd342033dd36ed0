"""Where a structure is paid: deactivated, never deleted. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.structures import (
    BankDetailsAdded,
    BankDetailsDeactivated,
    BankDetailsModified,
    Status,
)
from kit.change import Change, Entity
from kit.problems import Conflict, Invalid, NotFound
from services.structures.domain.attachments import Attachment
from services.structures.domain.bank_accounts import Account
from services.structures.domain.bank_register import BankRegister, Entry, has_valid
from services.structures.domain.identifiers import Identifier
from services.structures.domain.standing import Standing, opened, opened_to_change
from services.structures.domain.structures import Structure, needs_them_soon

MOST: Final = 200
"""Of one structure, those deactivated included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Who is paid in the structure's place."""

    name: str
    identifier: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Bank details as somebody gives them, their keys already checked."""

    name: str
    account: Account
    factor: Factor | None
    document_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDetails(Entity):
    """One account of a structure, or of the factor it is paid through."""

    structure_id: str
    name: str
    account: Account
    factor: Factor | None
    document_id: str
    status: Status = "active"
    added_by: str
    added_at: datetime


class BankDetailsNameTaken(Conflict):
    """Other bank details of this structure have this name."""


class TooManyBankDetails(Conflict):
    """This structure has as many bank details as there may be."""


class BankDetailsInactive(Conflict):
    """These bank details were deactivated, for good."""


class ConfirmationMissing(Invalid):
    """Bank details are deactivated for good: confirm it."""


class LastBankDetails(Conflict):
    """A justice provider or an agricultural professional has bank details: add others first."""


class DocumentUnknown(Invalid):
    """This structure has no such attachment: add the RIB or IBAN first."""


class DocumentNotARib(Invalid):
    """This attachment is not of the type RIB."""


class DocumentUnusable(Invalid):
    """This attachment cannot be read: it is infected, or no antivirus can look at it."""


class DocumentNotScannedYet(Conflict):
    """This attachment has not been scanned yet: try again in a moment."""

    retry_after = 2


Changes = tuple[Change[BankDetails], Change[BankRegister], Change[Structure], Change[Attachment]]


def add(
    current: BankDetails | None,
    register: BankRegister | None,
    structure: Structure | None,
    document: Attachment | None,
    *,
    id: str,
    wanted: Wanted,
    to: Standing,
    now: datetime,
) -> Changes:
    known = opened_to_change(structure, to)
    if current:
        return Change(current), Change(register), Change(known), Change(document)
    register = register or BankRegister(id=known.id)
    if len(register.entries) >= MOST:
        raise TooManyBankDetails(most=MOST)
    _check(wanted, id, register, known, document)
    details = BankDetails(
        id=id,
        structure_id=known.id,
        name=wanted.name,
        account=wanted.account,
        factor=wanted.factor,
        document_id=wanted.document_id,
        added_by=to.user_id,
        added_at=now,
    )
    return (
        Change(details, (added(details),)),
        Change(register.having(entry(details))),
        Change(known),
        Change(document),
    )


def modify(
    current: BankDetails | None,
    register: BankRegister | None,
    structure: Structure | None,
    document: Attachment | None,
    *,
    wanted: Wanted,
    to: Standing,
    now: datetime,
) -> Changes:
    details = seen(current, structure, to=to)
    known = opened_to_change(structure, to)
    if details.status != "active":
        raise BankDetailsInactive
    after = replace(
        details,
        name=wanted.name,
        account=wanted.account,
        factor=wanted.factor,
        document_id=wanted.document_id,
    )
    if after == details or register is None:
        return Change(details), Change(register), Change(known), Change(document)
    _check(wanted, details.id, register, known, document)
    event = BankDetailsModified(
        bank_details_id=after.id,
        structure_id=after.structure_id,
        account_type=after.account.type,
        country=after.account.country,
        ending=after.account.ending,
        factored=after.factor is not None,
        modified_by=to.user_id,
        modified_at=now,
    )
    return (
        Change(after, (event,)),
        Change(register.having(entry(after))),
        Change(known),
        Change(document),
    )


def deactivate(
    current: BankDetails | None,
    register: BankRegister | None,
    structure: Structure | None,
    *,
    confirmed: bool,
    to: Standing,
    now: datetime,
) -> tuple[Change[BankDetails], Change[BankRegister], Change[Structure]]:
    details = seen(current, structure, to=to)
    known = opened_to_change(structure, to)
    if not confirmed:
        raise ConfirmationMissing(field="body/confirmed")
    if details.status != "active" or register is None:
        return Change(details), Change(register), Change(known)
    after = replace(details, status="inactive")
    left = register.having(entry(after))
    if needs_them_soon(known) and not has_valid(left):
        raise LastBankDetails
    event = BankDetailsDeactivated(
        bank_details_id=after.id,
        structure_id=after.structure_id,
        deactivated_by=to.user_id,
        deactivated_at=now,
    )
    return Change(after, (event,)), Change(left), Change(known)


def seen(current: BankDetails | None, structure: Structure | None, *, to: Standing) -> BankDetails:
    """Of another structure is as good as none."""
    known = opened(structure, to)
    if current is None or current.structure_id != known.id:
        raise NotFound
    return current


def _check(
    wanted: Wanted,
    id: str,
    register: BankRegister,
    structure: Structure,
    document: Attachment | None,
) -> None:
    if register.names(wanted.name) not in (None, id):
        raise BankDetailsNameTaken(field="body/name")
    if document is None or document.structure_id != structure.id:
        raise DocumentUnknown(field="body/document_id")
    if document.type != "RIB":
        raise DocumentNotARib(field="body/document_id")
    if document.scan == "pending":
        raise DocumentNotScannedYet(field="body/document_id")
    if document.scan not in ("clean", "unscanned"):
        raise DocumentUnusable(field="body/document_id")


def entry(details: BankDetails) -> Entry:
    return Entry(
        details_id=details.id,
        name=details.name,
        document_id=details.document_id,
        active=details.status == "active",
    )


def added(details: BankDetails) -> BankDetailsAdded:
    return BankDetailsAdded(
        bank_details_id=details.id,
        structure_id=details.structure_id,
        account_type=details.account.type,
        country=details.account.country,
        ending=details.account.ending,
        factored=details.factor is not None,
        added_by=details.added_by,
        added_at=details.added_at,
    )
