"""Deciding, one by one; writing to and fro before that; and taking a question back."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response

from kit.clock import now, today
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import IfMatch, Said, etag, may_answer, new_entity_id
from kit.http import Person as Caller
from kit.ids import OpaqueId
from kit.one_line import lines
from kit.problems import NotFound, PreconditionFailed, Problem
from services.approvals.answering import Answering
from services.approvals.api.fields import Decision
from services.approvals.domain.approvals import (
    AlreadyDecided,
    AlreadyExpired,
    AlreadyWithdrawn,
    Approval,
)
from services.approvals.domain.comments import NothingToAsk, TooManyComments, comment
from services.approvals.domain.deciding import (
    Decider,
    NotYourOwn,
    ReasonMissing,
    RequesterGone,
    StructureInactive,
    UnitsEnded,
)
from services.approvals.domain.ladder import Ladder
from services.approvals.domain.withdrawing import RequesterOnly, withdraw
from services.approvals.views import ApprovalDetail, Shown

ENDED: tuple[type[Problem], ...] = (AlreadyDecided, AlreadyWithdrawn, AlreadyExpired)
REFUSALS: tuple[type[Problem], ...] = (
    NotYourOwn,
    NotFound,
    *ENDED,
    RequesterGone,
    StructureInactive,
    UnitsEnded,
)


class NewComment(Said):
    text: Annotated[str, lines(1000)]
    asks: bool = False
    """Whether the requester is asked for more; of those who may decide."""


def deciding_routes(
    committer: Committer, answering: Answering, shown: Shown, ladder: Ladder
) -> APIRouter:
    routes = APIRouter(prefix="/v1/approvals", tags=["approvals"])

    async def shows(approval: Approval, caller: Caller, response: Response) -> ApprovalDetail:
        etag(response, approval.version)
        return await shown.detail(approval, to=caller.user_id, today=today())

    @routes.put(
        "/{id}/decision",
        responses=may_answer(ReasonMissing, *REFUSALS, PreconditionFailed, TooStale),
    )
    async def decide(
        id: OpaqueId, body: Decision, caller: Caller, if_match: IfMatch, response: Response
    ) -> ApprovalDetail:
        """Approve what was asked, or refuse it and say why; repeating it changes nothing."""
        found = await answering.readable(id, by=caller.user_id)
        by = Decider(user_id=caller.user_id)
        decided = await answering.answer(found, body.answer, by, if_match=if_match)
        return await shows(decided, caller, response)

    @routes.put(
        "/{id}/withdrawal",
        responses=may_answer(RequesterOnly, NotFound, AlreadyDecided, AlreadyExpired, TooStale),
    )
    async def take_back(id: OpaqueId, caller: Caller, response: Response) -> ApprovalDetail:
        """Take back what you asked for; repeating it changes nothing."""
        await answering.readable(id, by=caller.user_id)
        at = now()
        withdrawn = await answering.approvals.change(
            id, lambda current: withdraw(current, by=caller.user_id, now=at)
        )
        return await shows(withdrawn, caller, response)

    _comment_routes(routes, committer, answering, shows, ladder)
    return routes


def _comment_routes(
    routes: APIRouter,
    committer: Committer,
    answering: Answering,
    shows: Callable[[Approval, Caller, Response], Awaitable[ApprovalDetail]],
    ladder: Ladder,
) -> None:
    records = answering.records

    @routes.post(
        "/{id}/comments",
        status_code=201,
        responses=may_answer(NotFound, NothingToAsk, *ENDED, TooManyComments, TooStale),
    )
    async def write(
        id: OpaqueId, body: NewComment, caller: Caller, response: Response
    ) -> ApprovalDetail:
        """Write about a question that waits, or ask its requester for more."""
        found = await answering.readable(id, by=caller.user_id)
        comment_id = new_entity_id()
        written = partial(
            comment,
            id=comment_id,
            text=body.text,
            asks=body.asks,
            by=caller.user_id,
            ladder=ladder,
            now=now(),
        )
        about, *_ = await committer.change_together(
            (
                records.approvals.at(id),
                records.comments.at(comment_id),
                records.approvers.at(found.structure_id),
            ),
            written,
        )
        return await shows(about, caller, response)
