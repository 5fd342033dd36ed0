"""What approvals answers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, StringConstraints

from contracts.approvals import Verdict
from kit.clock import now, today
from kit.collection import Collection
from kit.heard import TooStale
from kit.http import IfMatch, etag, may_answer
from kit.http import Person as Caller
from kit.pages import PageAsked
from kit.problems import NotFound, PreconditionFailed
from kit.rights import RightsCopy
from services.approvals import views
from services.approvals.domain import deciding
from services.approvals.domain.approvals import Approval, State
from services.approvals.domain.approvers import Approvers, Seat
from services.approvals.domain.deciding import (
    AlreadyDecided,
    AlreadyExpired,
    AlreadyWithdrawn,
    NotYourOwn,
    ReasonMissing,
    RequesterOnly,
)
from services.approvals.domain.people import Person
from services.approvals.seats import seat_of
from services.approvals.views import ApprovalView

ApprovalId = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class Decision(BaseModel):
    verdict: Verdict
    reason: Reason = ""


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
        approval = deciding.readable(found, seat, by=caller.user_id, now=now())
        return await answer(approval, caller, response)

    @routes.put(
        "/{id}/decision",
        responses=may_answer(
            ReasonMissing,
            NotYourOwn,
            NotFound,
            AlreadyDecided,
            AlreadyWithdrawn,
            AlreadyExpired,
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
        deciding.readable(found, seat, by=caller.user_id, now=at)
        known = None if found.told else await approvers.find(found.structure_id)
        decided = await approvals.change(
            id,
            lambda current: deciding.decide(
                current,
                known,
                verdict=body.verdict,
                reason=body.reason,
                by=caller.user_id,
                seat=seat,
                now=at,
            ),
            if_match=if_match,
        )
        return await answer(decided, caller, response)

    @routes.put(
        "/{id}/withdrawal",
        responses=may_answer(RequesterOnly, NotFound, AlreadyDecided, AlreadyExpired, TooStale),
    )
    async def withdraw(id: ApprovalId, caller: Caller, response: Response) -> ApprovalView:
        """Take back what you asked for; repeating it changes nothing."""
        found = await approvals.get(id)
        seat, at = await seat_in(found.structure_id, caller), now()
        deciding.readable(found, seat, by=caller.user_id, now=at)
        withdrawn = await approvals.change(
            id, lambda current: deciding.withdraw(current, by=caller.user_id, now=at)
        )
        return await answer(withdrawn, caller, response)

    return routes
