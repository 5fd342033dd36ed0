"""Where a structure is paid. A notice to show beside it: who pays looks at the contract alone."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictBool, StringConstraints

from contracts.structures import AccountType, IdentifierType, Status
from kit.http import IfMatch, Person, Said, etag, may_answer, new_entity_id
from kit.ids import EntityId
from kit.one_line import one_line
from kit.pages import Page, PageAsked, cut
from kit.problems import NotFound, PreconditionFailed
from services.structures.api.fields import StructureId
from services.structures.api.structures import NewIdentifier
from services.structures.bank_details import BankAccounts
from services.structures.domain import bank_accounts
from services.structures.domain import bank_details as domain
from services.structures.domain.bank_details import BankDetails, Factor, Wanted
from services.structures.domain.identifiers import InvalidIdentifier, identify
from services.structures.domain.structures import ManagersOnly, StructureInactive
from services.structures.search import sortable

DETAILS = "/v1/structures/{id}/bank-details"
Name = Annotated[str, one_line(100)]
_GIVING = (
    NotFound,
    ManagersOnly,
    StructureInactive,
    bank_accounts.NoAccountsThere,
    bank_accounts.InvalidAccountNumber,
    bank_accounts.WrongRibKey,
    bank_accounts.IbanKeyMissing,
    bank_accounts.WrongIbanKey,
    bank_accounts.InvalidBic,
    domain.BankDetailsNameTaken,
    domain.DocumentUnknown,
    domain.DocumentNotARib,
    domain.DocumentUnusable,
    domain.DocumentNotScannedYet,
)


class InvalidFactorIdentifier(InvalidIdentifier):
    """This is not a valid identifier of the factor."""


class FactorGiven(Said):
    name: Name
    identifier: NewIdentifier


class BankDetailsGiven(Said):
    name: Name = Field(description="Shown where an account is to be chosen.")
    type: AccountType
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        description="ISO 3166-1 alpha-2.", examples=["FR"]
    )
    iban_key: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] | None = Field(
        default=None, description="Needed for an IBAN.", examples=["76"]
    )
    bban: str = Field(
        min_length=1,
        max_length=50,
        description="The number of the account in its country; a RIB with its key.",
        examples=["30006 00001 12345678901 89"],
    )
    bic: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] | None = None
    factor: FactorGiven | None = Field(
        default=None,
        description="Whose account it is, when the structure is paid through one.",
    )
    document_id: EntityId = Field(
        description="The RIB or IBAN as a document: an attachment of this structure, of type RIB."
    )


class Deactivation(Said):
    confirmed: StrictBool = Field(
        default=False, description="“Voulez-vous désactiver ces informations bancaires ?”"
    )


class BankDetailsNamed(BaseModel):
    """What a list of bank details gives of each."""

    id: str
    name: str


class FactorShown(BaseModel):
    name: str
    identifier_type: IdentifierType
    identifier: str


class BankDetailsShown(BankDetailsNamed):
    """All of it, for those attached to the structure."""

    structure_id: str
    type: AccountType
    country: str
    iban_key: str
    bban: str
    bic: str | None
    factor: FactorShown | None
    document_id: str
    status: Status


def bank_details_routes(kept: BankAccounts, *, checksums: bool) -> APIRouter:
    routes = APIRouter(tags=["bank details"])
    _writing(routes, kept, checksums=checksums)
    _reading(routes, kept)
    return routes


def _writing(routes: APIRouter, kept: BankAccounts, *, checksums: bool) -> None:
    @routes.post(
        DETAILS, status_code=201, responses=may_answer(*_GIVING, domain.TooManyBankDetails)
    )
    async def add(
        id: StructureId, given: BankDetailsGiven, caller: Person, response: Response
    ) -> BankDetailsShown:
        """Add bank details. Their document is added first, as an attachment of type RIB."""
        _, to = await kept.approached(id, caller)
        made = await kept.add(new_entity_id(), id, _wanted(given, checksums=checksums), to=to)
        response.headers["Location"] = f"/v1/structures/{id}/bank-details/{made.id}"
        return _shown(made, response)

    @routes.put(
        DETAILS + "/{details_id}",
        responses=may_answer(*_GIVING, domain.BankDetailsInactive, PreconditionFailed),
    )
    async def modify(
        id: StructureId,
        details_id: EntityId,
        *,
        given: BankDetailsGiven,
        caller: Person,
        if_match: IfMatch,
        response: Response,
    ) -> BankDetailsShown:
        """Replace what bank details say."""
        _, to = await kept.approached(id, caller)
        wanted = _wanted(given, checksums=checksums)
        return _shown(await kept.modify(details_id, id, wanted, to=to, if_match=if_match), response)

    @routes.put(
        DETAILS + "/{details_id}/deactivation",
        responses=may_answer(
            NotFound,
            ManagersOnly,
            StructureInactive,
            domain.ConfirmationMissing,
            domain.LastBankDetails,
            PreconditionFailed,
        ),
    )
    async def deactivate(
        id: StructureId,
        details_id: EntityId,
        *,
        said: Deactivation,
        caller: Person,
        if_match: IfMatch,
        response: Response,
    ) -> BankDetailsShown:
        """Deactivate bank details, for good: they can be neither activated again nor deleted."""
        _, to = await kept.approached(id, caller)
        ended = await kept.deactivate(
            details_id, id, confirmed=said.confirmed, to=to, if_match=if_match
        )
        return _shown(ended, response)


def _reading(routes: APIRouter, kept: BankAccounts) -> None:
    @routes.get(DETAILS, responses=may_answer(NotFound))
    async def list_all(
        id: StructureId,
        caller: Person,
        asked: PageAsked,
        status: Annotated[Literal["active", "inactive"], Query()] = "active",
    ) -> Page[BankDetailsNamed]:
        """The valid bank details of a structure by name, or those deactivated."""
        await kept.approached(id, caller)
        where = {"structure_id": id, "status": status}
        every = await kept.details.select(where)
        found, following = cut(every, asked, by="name", key=lambda one: sortable(one.name))
        named = [BankDetailsNamed(id=one.id, name=one.name) for one in found]
        return Page[BankDetailsNamed](items=named, next=following)

    @routes.get(DETAILS + "/{details_id}", responses=may_answer(NotFound))
    async def read(
        id: StructureId, details_id: EntityId, caller: Person, response: Response
    ) -> BankDetailsShown:
        """Bank details, with the whole number."""
        structure, to = await kept.approached(id, caller)
        return _shown(domain.seen(await kept.details.find(details_id), structure, to=to), response)


def _wanted(given: BankDetailsGiven, *, checksums: bool) -> Wanted:
    return Wanted(
        name=given.name,
        account=bank_accounts.account(
            given.type,
            country=given.country,
            bban=given.bban,
            iban_key=given.iban_key,
            bic=given.bic,
        ),
        factor=_factor(given.factor, checksums=checksums) if given.factor else None,
        document_id=given.document_id,
    )


def _factor(given: FactorGiven, *, checksums: bool) -> Factor:
    try:
        known = identify(given.identifier.type, given.identifier.value, checksums=checksums)
    except InvalidIdentifier as wrong:
        raise InvalidFactorIdentifier(str(wrong), field="body/factor/identifier/value") from None
    return Factor(name=given.name, identifier=known)


def _shown(details: BankDetails, response: Response) -> BankDetailsShown:
    etag(response, details.version)
    account = details.account
    return BankDetailsShown(
        id=details.id,
        name=details.name,
        structure_id=details.structure_id,
        type=account.type,
        country=account.country,
        iban_key=account.iban_key,
        bban=account.bban,
        bic=account.bic,
        factor=_factor_shown(details.factor) if details.factor else None,
        document_id=details.document_id,
        status=details.status,
    )


def _factor_shown(factor: Factor) -> FactorShown:
    known = factor.identifier
    return FactorShown(name=factor.name, identifier_type=known.type, identifier=known.value)
