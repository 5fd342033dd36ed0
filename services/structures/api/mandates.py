"""Mandates to invoice, as other systems ask for them and hear what was answered."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel

from kit.change import Change
from kit.clock import now, today
from kit.collection import Collection
from kit.committer import Committer
from kit.days import Day
from kit.heard import TooStale
from kit.http import Caller, Said, ScopeMissing, SystemsOnly, may_answer, new_entity_id, system
from kit.ids import EntityId, OpaqueId
from kit.one_line import one_line
from kit.problems import NotFound
from kit.rights import RightsCopy
from services.structures.api.fields import Line, StructureId
from services.structures.domain import mandates as domain
from services.structures.domain.mandates import Mandate, Status
from services.structures.domain.structures import Structure, StructureInactive
from services.structures.domain.units import WrongValidity

Asker = Annotated[Caller, system("mandates:write")]


class NewMandate(Said):
    structure_id: EntityId
    requester_id: OpaqueId
    """The user who asks for it, attached to the structure."""
    mandatary: Line
    valid_from: Day
    valid_until: Day | None = None
    comment: Annotated[str, one_line(1000, least=0)] = ""


class MandateView(BaseModel):
    id: str
    structure_id: str
    requester_id: str
    mandatary: str
    valid_from: date
    valid_until: date | None
    status: Status
    reason: str
    asked_at: datetime
    settled_at: datetime | None


def mandate_routes(
    committer: Committer,
    mandates: Collection[Mandate],
    structures: Collection[Structure],
    rights: RightsCopy,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/mandates", tags=["mandates"])

    @routes.post(
        "",
        status_code=202,
        responses=may_answer(
            SystemsOnly,
            ScopeMissing,
            domain.StructureUnknown,
            domain.RequesterNotAttached,
            WrongValidity,
            StructureInactive,
            TooStale,
        ),
    )
    async def ask(wanted: NewMandate, caller: Asker) -> MandateView:
        """Ask those who decide for a structure; they answer in their approvals."""
        held = await rights.of(wanted.requester_id, wanted.structure_id)
        mandate = Mandate(
            id=new_entity_id(),
            structure_id=wanted.structure_id,
            requester_id=wanted.requester_id,
            mandatary=wanted.mandatary,
            valid_from=wanted.valid_from,
            valid_until=wanted.valid_until,
            told_by=caller.client_id,
            asked_at=now(),
        )
        attached = held is not None and held.valid(today())

        def decide(current: Mandate | None, structure: Structure | None) -> Any:
            change = domain.ask(
                current,
                structure,
                wanted=mandate,
                attached=attached,
                comment=wanted.comment,
                among=caller.structures,
            )
            return change, Change(structure)

        kept, _ = await committer.change_together(
            (mandates.at(mandate.id), structures.at(wanted.structure_id)), decide
        )
        return _view(kept)

    @routes.get("/{id}", responses=may_answer(SystemsOnly, ScopeMissing, NotFound))
    async def read(id: StructureId, caller: Asker) -> MandateView:
        """What has become of a mandate that this system has asked for."""
        found = await mandates.get(id)
        if found.told_by != caller.client_id:
            raise NotFound
        return _view(found)

    return routes


def _view(mandate: Mandate) -> MandateView:
    return MandateView(
        id=mandate.id,
        structure_id=mandate.structure_id,
        requester_id=mandate.requester_id,
        mandatary=mandate.mandatary,
        valid_from=mandate.valid_from,
        valid_until=mandate.valid_until,
        status=mandate.status,
        reason=mandate.reason,
        asked_at=mandate.asked_at,
        settled_at=mandate.settled_at,
    )
