"""What operators do about questions that nobody may decide on."""

from fastapi import APIRouter, Response

from kit.clock import today
from kit.heard import TooStale
from kit.http import Operator, etag, may_answer
from kit.ids import OpaqueId
from kit.pages import Page, PageAsked
from services.approvals.answering import Answering
from services.approvals.api.decisions import REFUSALS
from services.approvals.api.fields import Decision
from services.approvals.domain.deciding import ApproversDecide, Decider, DeskReasonMissing
from services.approvals.views import ApprovalDetail, ApprovalView, Shown


def desk_routes(answering: Answering, shown: Shown) -> APIRouter:
    routes = APIRouter(prefix="/v1/ops/approvals", tags=["operators"])

    @routes.get("")
    async def list_unattended(caller: Operator, asked: PageAsked) -> Page[ApprovalView]:
        """What waits though nobody may decide on it."""
        return await shown.unattended(asked)

    @routes.put(
        "/{id}/decision",
        responses=may_answer(DeskReasonMissing, ApproversDecide, *REFUSALS, TooStale),
    )
    async def decide(
        id: OpaqueId, body: Decision, caller: Operator, response: Response
    ) -> ApprovalDetail:
        """Decide where nobody else may, and say why; never on what you asked for yourself."""
        # Somebody may have been given the right to decide meanwhile.
        await answering.rights.require_fresh()
        found = await answering.approvals.get(id)
        by = Decider(user_id=caller.user_id, desk=True)
        decided = await answering.answer(found, body.answer, by)
        etag(response, decided.version)
        return await shown.detail(decided, to=caller.user_id, today=today())

    return routes
