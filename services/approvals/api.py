"""What approvals answers over HTTP."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from contracts.approvals import Verdict
from kit.change import Decide
from kit.clock import now, today
from kit.collection import Collection
from kit.heard import TooStale
from kit.http import IfMatch, etag, may_answer
from kit.http import Person as Caller
from kit.pages import PageAsked
from kit.problems import NotFound, PreconditionFailed
from kit.rights import RightsCopy
from services.approvals import domain, views
from services.approvals.domain import (
    AlreadyDecided,
    AlreadyWithdrawn,
    Approval,
    Approvers,
    NotYourOwn,
    Person,
    ReasonMissing,
    RequesterOnly,
    Seat,
    State,
)
from services.approvals.seats import seat_of
from services.approvals.views import ApprovalView

Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
ApprovalId = Annotated[Id, Path()]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]

REFUSALS = (NotYourOwn, NotFound, AlreadyDecided)


class Decision(BaseModel):
    verdict: Verdict
    reason: Reason = ""


def _distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len({*ids}) < len(ids):
        raise ValueError("Each approval may be named once only.")
    return ids


class Decisions(Decision):
    """One answer to several questions."""

    approval_ids: Annotated[tuple[Id, ...], AfterValidator(_distinct)] = Field(
        min_length=1, max_length=500
    )


class Outcome(BaseModel):
    """What became of one of them."""

    id: str
    state: State | None
    problem: dict[str, Any] | None = Field(None, description="Why it could not be decided.")


def api(
    approvals: Collection[Approval],
    approvers: Collection[Approvers],
    people: Collection[Person],
    rights: RightsCopy,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/approvals", tags=["approvals"])

    async def seat_in(structure_id: str, caller: Caller) -> Seat | None:
        held = await rights.of(caller.user_id, structure_id)
        return seat_of(held) if held else None

    async def answer(approval: Approval, caller: Caller, response: Response) -> ApprovalView:
        etag(response, approval.version)
        return await views.shown(approval, people, to=caller.user_id)

    @routes.get("", responses=may_answer(TooStale))
    async def list_to_decide(
        caller: Caller, asked: PageAsked, state: Annotated[State | None, Query()] = None
    ) -> views.Approvals:
        """The approvals you may decide on, newest first, and how many of them wait for you."""
        held = await rights.of_user(caller.user_id)
        return await views.to_decide(
            approvals, people, held, state, asked, by=caller.user_id, today=today()
        )

    @routes.get("/{id}", responses=may_answer(NotFound, TooStale))
    async def read(id: ApprovalId, caller: Caller, response: Response) -> ApprovalView:
        """One approval that you may decide on, or that you asked for."""
        found = await approvals.get(id)
        seat = await seat_in(found.structure_id, caller)
        approval = domain.readable(found, seat, by=caller.user_id, now=now())
        return await answer(approval, caller, response)

    @routes.put(
        "/{id}/decision",
        responses=may_answer(
            ReasonMissing,
            NotYourOwn,
            NotFound,
            AlreadyDecided,
            AlreadyWithdrawn,
            PreconditionFailed,
            TooStale,
        ),
    )
    async def decide(
        id: ApprovalId, body: Decision, caller: Caller, if_match: IfMatch, response: Response
    ) -> ApprovalView:
        """Approve what was asked, or refuse it and say why; repeating it changes nothing."""
        found = await approvals.get(id)
        seat, at = await seat_in(found.structure_id, caller), now()
        # Before anything else: whom it does not concern must not learn that it exists.
        domain.readable(found, seat, by=caller.user_id, now=at)
        known = None if found.told else await approvers.find(found.structure_id)
        decided = await approvals.change(
            id, _decision(body, known, seat, by=caller.user_id, at=at), if_match=if_match
        )
        return await answer(decided, caller, response)

    @routes.put(
        "/{id}/withdrawal",
        responses=may_answer(RequesterOnly, NotFound, AlreadyDecided, TooStale),
    )
    async def withdraw(id: ApprovalId, caller: Caller, response: Response) -> ApprovalView:
        """Take back what you asked for; repeating it changes nothing."""
        found = await approvals.get(id)
        seat, at = await seat_in(found.structure_id, caller), now()
        domain.readable(found, seat, by=caller.user_id, now=at)
        withdrawn = await approvals.change(
            id, lambda current: domain.withdraw(current, by=caller.user_id, now=at)
        )
        return await answer(withdrawn, caller, response)

    @routes.put("/decisions", responses=may_answer(ReasonMissing, TooStale))
    async def decide_several(body: Decisions, caller: Caller) -> list[Outcome]:
        """Answer several at once; each is decided by itself, and says what became of it."""
        if body.verdict == "refused" and not body.reason:
            raise ReasonMissing(field="body/reason")
        found, at = await approvals.many([*body.approval_ids]), now()
        structures = sorted({one.structure_id for one in found.values()})
        seats = {one: await seat_in(one, caller) for one in structures}
        known = await approvers.many(structures)

        async def decided(id: str) -> Outcome:
            structure_id = found[id].structure_id if id in found else ""
            who = known.get(structure_id), seats.get(structure_id)
            try:
                kept = await approvals.change(
                    id, _decision(body, *who, by=caller.user_id, at=at)
                )
            except REFUSALS as refusal:
                return Outcome(id=id, state=None, problem=refusal.as_json())
            return Outcome(id=id, state=kept.state)

        return await asyncio.gather(*map(decided, body.approval_ids))

    return routes


def _decision(
    body: Decision, known: Approvers | None, seat: Seat | None, *, by: str, at: datetime
) -> Decide[Approval]:
    return lambda current: domain.decide(
        current, known, verdict=body.verdict, reason=body.reason, by=by, seat=seat, now=at
    )
