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
from services.approvals.api.fields import NotSortedByIt, sought
from services.approvals.views import (
    COLUMNS,
    ApprovalDetail,
    Approvals,
    Shown,
    Sought,
    Where,
    asked_for,
    decided_with,
)


def reading_routes(answering: Answering, shown: Shown) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["approvals"])

    async def own(caller: Caller, wanted: Sought) -> Where:
        if wanted.mine == "asked":
            return asked_for(caller.user_id)
        held = await answering.rights.of_user(caller.user_id)
        return decided_with(held, by=caller.user_id, today=today())

    @routes.get("/approvals", responses=may_answer(NotSortedByIt, TooStale))
    async def list_own(
        caller: Caller, asked: PageAsked, wanted: Annotated[Sought, Depends(sought)]
    ) -> Approvals:
        """
        The approvals you may decide on, newest first, and how many of them wait for you.

        With `mine=asked` those you have asked for, without more of their structures.
        """
        return await shown.listed(await own(caller, wanted), wanted, asked, to=caller.user_id)

    @routes.get(
        "/approvals.csv",
        response_class=StreamingResponse,
        responses=CSV | may_answer(NotSortedByIt, TooStale),
    )
    async def export(
        caller: Caller, wanted: Annotated[Sought, Depends(sought)]
    ) -> StreamingResponse:
        """The same list, whole, for spreadsheets."""
        rows = shown.rows(await own(caller, wanted), wanted, to=caller.user_id)
        return download("approbations.csv", COLUMNS, rows)

    @routes.get("/approvals/{id}", responses=may_answer(NotFound, TooStale))
    async def read(id: OpaqueId, caller: Caller, response: Response) -> ApprovalDetail:
        """One approval that you may decide on, or that you asked for."""
        approval = await answering.readable(id, by=caller.user_id)
        etag(response, approval.version)
        return await shown.detail(approval, to=caller.user_id, today=today())

    return routes
