"""Deciding on several approvals at once."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from kit.clock import now
from kit.collection import Collection
from kit.heard import TooStale
from kit.http import Person as Caller
from kit.http import may_answer
from kit.problems import NotFound
from kit.rights import RightsCopy
from services.approvals.api.approvals import Decision
from services.approvals.domain import deciding
from services.approvals.domain.approvals import Approval, State
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.deciding import (
    AlreadyDecided,
    AlreadyExpired,
    AlreadyWithdrawn,
    NotYourOwn,
    ReasonMissing,
)
from services.approvals.seats import seat_of

REFUSALS = (NotYourOwn, NotFound, AlreadyDecided, AlreadyWithdrawn, AlreadyExpired)
MOST = 500

Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


def _distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len({*ids}) < len(ids):
        raise ValueError("Each approval may be named once only.")
    return ids


class Decisions(Decision):
    """One answer to several questions."""

    approval_ids: Annotated[tuple[Id, ...], AfterValidator(_distinct)] = Field(
        min_length=1, max_length=MOST
    )


class Outcome(BaseModel):
    """What became of one of them."""

    id: str
    state: State | None
    problem: dict[str, Any] | None = None
    """Why it could not be decided."""


def several(
    approvals: Collection[Approval], approvers: Collection[Approvers], rights: RightsCopy
) -> APIRouter:
    routes = APIRouter(prefix="/v1/approvals", tags=["approvals"])

    @routes.put("/decisions", responses=may_answer(ReasonMissing, TooStale))
    async def decide_several(body: Decisions, caller: Caller) -> list[Outcome]:
        """Answer several at once; each is decided by itself, and says what became of it."""
        if body.verdict == "refused" and not body.reason:
            raise ReasonMissing(field="body/reason")
        by, at = caller.user_id, now()
        found = await approvals.many([*body.approval_ids])
        held = {one.structure_id: one for one in await rights.of_user(by)}
        known = await approvers.many(sorted({one.structure_id for one in found.values()}))

        async def decided(id: str) -> Outcome:
            structure_id = found[id].structure_id if id in found else ""
            seat = seat_of(held[structure_id]) if structure_id in held else None
            who = known.get(structure_id)
            try:
                kept = await approvals.change(
                    id,
                    lambda current: deciding.decide(
                        current,
                        who,
                        verdict=body.verdict,
                        reason=body.reason,
                        by=by,
                        seat=seat,
                        now=at,
                    ),
                )
            except REFUSALS as refusal:
                return Outcome(id=id, state=None, problem=refusal.as_json())
            return Outcome(id=id, state=kept.state)

        return await asyncio.gather(*map(decided, body.approval_ids))

    return routes
