"""What has happened to a ticket, newest first."""

from fastapi import APIRouter, BackgroundTasks

from kit.heard import TooStale
from kit.http import Person, may_answer
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from services.support.api.fields import TicketId
from services.support.api.tickets import found
from services.support.consulting import Consulting
from services.support.domain.reach import seen
from services.support.records import Records
from services.support.views.activity import EntryView, listed


def activity_routes(records: Records, consulting: Consulting) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])

    @routes.get("/{id}/activity", responses=may_answer(NotFound, TooStale))
    async def list_activity(
        id: TicketId, caller: Person, asked: PageAsked, afterwards: BackgroundTasks
    ) -> Page[EntryView]:
        """What has happened to a ticket, newest first; notes only for those who treat it."""
        ticket, reach = await found(records, consulting.reaching, id, caller)
        consulting.note(ticket, caller, afterwards)
        return await listed(records, ticket, seen(ticket, reach)[1], asked)

    return routes
