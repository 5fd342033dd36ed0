"""The link in an approver's letter: whoever holds it sees one question, and answers it once."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints

from kit.clock import now, today
from kit.heard import TooStale
from kit.http import may_answer
from kit.links import LinkExpired, LinkInvalid, read_link
from kit.problems import NotFound
from services.approvals.answering import Answering
from services.approvals.api.decisions import ENDED, REFUSALS
from services.approvals.api.fields import Decision
from services.approvals.domain.approvals import State, still_open
from services.approvals.domain.deciding import Decider, ReasonMissing
from services.approvals.settings import ApprovalsSettings
from services.approvals.views import ApprovalDetail, Shown

PURPOSE = "approval"

Token = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class LinkedDecision(Decision):
    token: Token


class Answered(BaseModel):
    """What became of it, and no more: a link that is used up shows nothing to whoever finds it."""

    number: str
    state: State


def link_routes(answering: Answering, shown: Shown, settings: ApprovalsSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/approval-link", tags=["approvals"])
    link_key = settings.link_key.get_secret_value()

    async def opened(token: str, *, field: str) -> tuple[str, str]:
        """Which question, and which approver: a link gives no right of its own."""
        if not settings.approval_links:
            raise NotFound
        link = read_link(link_key, token, purpose=PURPOSE, now=now(), field=field)
        await answering.rights.require_fresh()
        person = await answering.records.people.find(link.user_id)
        if person is None or not person.active or link.made_at <= person.secured_at:
            raise LinkInvalid(field=field)
        return link.nonce, link.user_id

    @routes.get("", responses=may_answer(LinkInvalid, LinkExpired, NotFound, *ENDED, TooStale))
    async def look(token: Annotated[Token, Query()]) -> ApprovalDetail:
        """What the link is about. Looking changes nothing, however often."""
        id, user_id = await opened(token, field="query/token")
        approval = await answering.readable(id, by=user_id)
        still_open(approval)
        return await shown.detail(approval, to=user_id, today=today())

    @routes.post(
        "/decision",
        responses=may_answer(ReasonMissing, LinkInvalid, LinkExpired, *REFUSALS, TooStale),
    )
    async def decide(body: LinkedDecision) -> Answered:
        """
        Answer from the letter, with the rights of this moment.

        The same answer again says the same; any other finds the link used up (409).
        """
        id, user_id = await opened(body.token, field="body/token")
        found = await answering.approvals.get(id)
        decided = await answering.answer(found, body.answer, Decider(user_id=user_id))
        return Answered(number=decided.number, state=decided.state)

    return routes
