"""The link in an approver's letter: whoever holds it sees one question, and answers it once."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from kit.clock import now, today
from kit.heard import TooStale
from kit.http import may_answer
from kit.links import LinkExpired, LinkInvalid, read_link
from kit.problems import NotFound
from services.approvals.answering import Answering
from services.approvals.api.decisions import ENDED, REFUSALS
from services.approvals.api.fields import Decision
from services.approvals.domain.approvals import Approval, still_open
from services.approvals.domain.deciding import Decider, ReasonMissing, readable
from services.approvals.views import ApprovalDetail, Shown

PURPOSE = "approval"

Token = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class LinkedDecision(Decision):
    token: Token


def link_routes(answering: Answering, shown: Shown, *, link_key: str) -> APIRouter:
    routes = APIRouter(prefix="/v1/approval-link", tags=["approvals"])

    async def opened(token: str, *, field: str) -> tuple[Approval, Decider]:
        """The question, and the approver as their rights are now: a link gives none of its own."""
        link = read_link(link_key, token, purpose=PURPOSE, now=now(), field=field)
        found = await answering.approvals.get(link.nonce)
        person = await answering.records.people.find(link.user_id)
        if person is None or not person.active:
            raise LinkInvalid(field=field)
        seat = await answering.seat(link.user_id, found.structure_id)
        return found, Decider(user_id=link.user_id, seat=seat)

    @routes.get("", responses=may_answer(LinkInvalid, LinkExpired, NotFound, *ENDED, TooStale))
    async def look(token: Annotated[Token, Query()]) -> ApprovalDetail:
        """What the link is about. Looking changes nothing, however often."""
        found, by = await opened(token, field="query/token")
        approval = readable(found, by.seat, by=by.user_id, now=now())
        still_open(approval)
        return await shown.detail(approval, to=by.user_id, today=today())

    @routes.post(
        "/decision",
        responses=may_answer(ReasonMissing, LinkInvalid, LinkExpired, *REFUSALS, TooStale),
    )
    async def decide(body: LinkedDecision) -> ApprovalDetail:
        """Answer from the letter, with the rights of this moment; once answered it is used up."""
        found, by = await opened(body.token, field="body/token")
        decided = await answering.answer(found, body.answer, by)
        return await shown.detail(decided, to=by.user_id, today=today())

    return routes
