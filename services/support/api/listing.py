"""Lists of tickets: tabs, searches, groups, and the same as files."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from kit.heard import TooStale
from kit.http import Person, may_answer
from kit.pages import Page, PageAsked
from kit.spreadsheets import CSV, download
from kit.workbooks import XLSX, workbook
from services.support.consulting import Consulting
from services.support.domain.listing import Tab
from services.support.records import Records
from services.support.sought import NoCriterion, Sought, TooManyWords
from services.support.views.exports import ExportView, listed
from services.support.views.lines import COLUMNS, Lines, TicketLines
from services.support.views.listing import Count

Wanted = Annotated[Sought, Depends()]
MAY_REFUSE = may_answer(NoCriterion, TooManyWords, TooStale)


def listing_routes(lines: Lines, consulting: Consulting, records: Records) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])
    reaching = consulting.reaching

    @routes.get("/tickets", responses=MAY_REFUSE)
    async def list_tickets(
        caller: Person,
        asked: PageAsked,
        wanted: Wanted,
        *,
        grouped: Annotated[
            bool, Query(description="Count those that are alike in what is sorted by.")
        ] = False,
    ) -> TicketLines:
        """
        The tickets of a tab, or those that a search finds among all you may read.

        You read what you wrote, what was written for structures whose tickets you may read, and
        what was sent to those whose tickets you may treat. Where the words you look for are in
        very many tickets, so many are looked through for one page: it may hold fewer, and `next`
        goes on.
        """
        reach = await reaching.everywhere(caller)
        return await lines.page(reach, wanted.required(), asked, grouped=grouped)

    @routes.get("/tickets/counts", responses=may_answer(TooStale))
    async def count_tabs(caller: Person) -> dict[Tab, Count]:
        """How many tickets each tab holds."""
        return await lines.listing.counts(await reaching.everywhere(caller))

    @routes.get("/tickets.csv", response_class=StreamingResponse, responses=MAY_REFUSE | CSV)
    async def export_csv(caller: Person, wanted: Wanted) -> StreamingResponse:
        """The same list, whole, for spreadsheets."""
        reach = await reaching.everywhere(caller)
        rows = lines.rows(reach, wanted.required())
        leaving = await consulting.leaving(rows, "csv", wanted, reach)
        return download("sollicitations.csv", COLUMNS, leaving)

    @routes.get("/tickets.xlsx", response_class=StreamingResponse, responses=MAY_REFUSE | XLSX)
    async def export_workbook(caller: Person, wanted: Wanted) -> StreamingResponse:
        """The same list, whole, as a workbook."""
        reach = await reaching.everywhere(caller)
        rows = lines.rows(reach, wanted.required())
        leaving = await consulting.leaving(rows, "xlsx", wanted, reach)
        return workbook("sollicitations.xlsx", COLUMNS, leaving)

    @routes.get("/tickets/exports", responses=may_answer(TooStale))
    async def list_exports(caller: Person, asked: PageAsked) -> Page[ExportView]:
        """
        What the support desk has taken as files of tickets that may be yours, newest first.

        Of all structures, and of those whose tickets you know of; the desk reads of all, and who.
        """
        reach = await reaching.everywhere(caller)
        return await listed(records.exports, records.people, reach, asked)

    return routes
