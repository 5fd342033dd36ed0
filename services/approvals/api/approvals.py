"""Reading approvals: those one may decide on, and those one has asked for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from kit.clock import today
from kit.heard import TooStale
from kit.http import Person as Caller
from kit.http import etag, may_answer
from kit.ids import OpaqueId
from kit.pages import PageAsked
from kit.problems import NotFound
from kit.spreadsheets import CSV, download
from services.approvals.answering import Answering
from services.approvals.api.fields import sought
from services.approvals.views import COLUMNS, ApprovalDetail, Approvals, Shown, Sought


def reading_routes(answering: Answering, shown: Shown) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["approvals"])
    rights = answering.rights

    @routes.get("/approvals", responses=may_answer(TooStale))
    async def list_to_decide(
        caller: Caller, asked: PageAsked, wanted: Annotated[Sought, Depends(sought)]
    ) -> Approvals:
        """The approvals you may decide on, newest first, and how many of them wait for you."""
        held = await rights.of_user(caller.user_id)
        return await shown.to_decide(held, wanted, asked, by=caller.user_id, today=today())

    @routes.get(
        "/approvals.csv",
        response_class=StreamingResponse,
        responses=CSV | may_answer(TooStale),
    )
    async def export(
        caller: Caller, wanted: Annotated[Sought, Depends(sought)]
    ) -> StreamingResponse:
        """The same list, whole, for spreadsheets."""
        held = await rights.of_user(caller.user_id)
        rows = shown.rows(held, wanted, by=caller.user_id, today=today())
        return download("approbations.csv", COLUMNS, rows)

    @routes.get("/approvals/{id}", responses=may_answer(NotFound, TooStale))
    async def read(id: OpaqueId, caller: Caller, response: Response) -> ApprovalDetail:
        """One approval that you may decide on, or that you asked for."""
        approval = await answering.readable(id, by=caller.user_id)
        etag(response, approval.version)
        return await shown.detail(approval, to=caller.user_id, today=today())

    return routes
