"""The life of a structure: modified, activated, deactivated, refreshed, and its history."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StrictBool

from kit.change import Change
from kit.collection import Collection
from kit.http import Caller, IfMatch, Operator, Person, Said, etag, may_answer
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound, PreconditionFailed
from services.structures.api.fields import Fields, StructureId
from services.structures.domain import changes
from services.structures.domain.bank_register import BankRegister, has_valid
from services.structures.domain.history import FieldChange
from services.structures.domain.identifiers import InvalidVatNumber
from services.structures.domain.options import Edi, Flags
from services.structures.domain.structures import (
    BankDetailsMissing,
    ComesFromInsee,
    Establishment,
    ManagersOnly,
    NameMissing,
    Record,
    Structure,
    StructureInactive,
    VatNumberFollows,
)
from services.structures.records import Records
from services.structures.sirene import EstablishmentWithheld, Sirene, SireneUnavailable
from services.structures.views import Visibility

ALWAYS = (NotFound, ManagersOnly, PreconditionFailed)


class Modification(Fields):
    """Only what changes; null clears a field. Whatever else a record shows is refused by name."""

    model_config = ConfigDict(extra="allow")


class EdiOptions(Said):
    receives_life_cycles: StrictBool
    sends_flows: StrictBool
    connection_requested: StrictBool = False


class PublicFlags(Said):
    unit_required: StrictBool
    engagement_required: StrictBool
    unit_or_engagement: StrictBool
    moa: StrictBool
    moa_only: StrictBool
    payment_status_withheld: StrictBool
    delegated_validator: StrictBool


class HistoryEntry(BaseModel):
    """Who asked for a change, when, and since when it has been in force."""

    by: str
    asked_at: datetime
    at: datetime
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """What the routes below are made of."""

    records: Records
    visibility: Visibility
    sirene: Sirene
    registers: Collection[BankRegister]
    checksums: bool

    async def managed(self, id: str, caller: Caller, *, operators: bool = False) -> Structure:
        """Raise unless this caller manages it."""
        await self.visibility.require_fresh(caller)
        structure = await self.records.structures.get(id)
        await self.visibility.require_manager(caller, structure, operators=operators)
        return structure

    async def at_insee(self, structure: Structure) -> Establishment | None:
        siret = structure.identifier.siret
        return await self.sirene.establishment(siret, fresh=True) if siret else None

    async def shown(self, structure: Structure, response: Response) -> Record:
        etag(response, structure.version)
        return await self.visibility.record(structure)


def life_routes(life: Life) -> APIRouter:
    routes = APIRouter(tags=["structures"])
    records = life.records

    @routes.patch(
        "/v1/structures/{id}",
        responses=may_answer(
            *ALWAYS,
            StructureInactive,
            changes.NotChangedHere,
            changes.NotOfThisKind,
            ComesFromInsee,
            VatNumberFollows,
            InvalidVatNumber,
            NameMissing,
            BankDetailsMissing,
        ),
    )
    async def modify(
        id: StructureId, body: Modification, caller: Person, version: IfMatch, response: Response
    ) -> Record:
        """Change some of what is said of a structure."""
        await life.managed(id, caller)
        changes.refuse_elsewhere(body.model_extra or {})
        asked = records.asked(caller.user_id)
        said = body.said(checksums=life.checksums)

        def decide(current: Structure | None, register: BankRegister | None) -> Change[Structure]:
            known = has_valid(register)
            return changes.modify(current, said=said, bank_details=known, asked=asked)

        register = life.registers.at(id)
        changed = await records.change(id, decide, register, asked=asked, if_match=version)
        return await life.shown(changed, response)

    @routes.put(
        "/v1/structures/{id}/edi-options",
        responses=may_answer(*ALWAYS, StructureInactive),
    )
    async def choose_edi(
        id: StructureId, body: EdiOptions, caller: Person, version: IfMatch, response: Response
    ) -> Record:
        """Say how the structure is connected."""
        await life.managed(id, caller)
        asked = records.asked(caller.user_id)
        decide = partial(changes.choose_edi, edi=Edi(**body.model_dump()), asked=asked)
        changed = await records.change(id, decide, asked=asked, if_match=version)
        return await life.shown(changed, response)

    @routes.put(
        "/v1/structures/{id}/activation",
        responses=may_answer(
            *ALWAYS,
            changes.ClosedAtInsee,
            changes.UnknownAtInsee,
            BankDetailsMissing,
            EstablishmentWithheld,
            SireneUnavailable,
        ),
    )
    async def activate(
        id: StructureId, caller: Person, version: IfMatch, response: Response
    ) -> Record:
        """Let an inactive structure send and receive, unless INSEE says that it is closed."""
        structure = await life.managed(id, caller, operators=True)
        asked = records.asked(caller.user_id)
        found = await life.at_insee(structure)

        def decide(current: Structure | None, register: BankRegister | None) -> Change[Structure]:
            known = has_valid(register)
            return changes.activate(current, establishment=found, bank_details=known, asked=asked)

        register = life.registers.at(id)
        changed = await records.change(id, decide, register, asked=asked, if_match=version)
        return await life.shown(changed, response)

    @routes.put("/v1/structures/{id}/deactivation", responses=may_answer(*ALWAYS))
    async def deactivate(
        id: StructureId, caller: Person, version: IfMatch, response: Response
    ) -> Record:
        """Let a structure neither send nor receive any more, from now on. It keeps its data."""
        await life.managed(id, caller, operators=True)
        asked = records.asked(caller.user_id)
        decide = partial(changes.deactivate, now=asked.at)
        changed = await records.change(id, decide, asked=asked, if_match=version)
        return await life.shown(changed, response)

    @routes.put(
        "/v1/structures/{id}/refresh",
        responses=may_answer(
            *ALWAYS,
            StructureInactive,
            changes.NotAtInsee,
            changes.ClosedAtInsee,
            changes.UnknownAtInsee,
            EstablishmentWithheld,
            SireneUnavailable,
        ),
    )
    async def refresh(
        id: StructureId, caller: Person, version: IfMatch, response: Response
    ) -> Record:
        """Take over name and address from INSEE; what the structure says of itself stays."""
        structure = await life.managed(id, caller, operators=True)
        asked = records.asked(caller.user_id)
        found = await life.at_insee(structure)
        decide = partial(changes.refresh, establishment=found, now=asked.at)
        changed = await records.change(id, decide, asked=asked, if_match=version)
        return await life.shown(changed, response)

    @routes.get("/v1/structures/{id}/history", responses=may_answer(NotFound, ManagersOnly))
    async def history(id: StructureId, caller: Person, asked: PageAsked) -> Page[HistoryEntry]:
        """Who changed what, newest first."""
        await life.managed(id, caller, operators=True)
        found, following = await page(records.history, {"structure_id": id}, asked, by="at")
        items = [
            HistoryEntry(by=one.by, asked_at=one.asked_at, at=one.at, changes=one.changes)
            for one in found
        ]
        return Page(items=items, next=following)

    @routes.put(
        "/v1/ops/structures/{id}/flags",
        responses=may_answer(
            NotFound, PreconditionFailed, StructureInactive, changes.PublicStructuresOnly
        ),
    )
    async def flag(
        id: StructureId, body: PublicFlags, caller: Operator, version: IfMatch, response: Response
    ) -> Record:
        """Say what a public structure asks of those who send to it."""
        asked = records.asked(caller.user_id)
        decide = partial(changes.flag, flags=Flags(**body.model_dump()), asked=asked)
        changed = await records.change(id, decide, asked=asked, if_match=version)
        return await life.shown(changed, response)

    return routes
