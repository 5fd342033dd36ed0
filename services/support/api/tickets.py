"""One ticket."""

from fastapi import APIRouter, BackgroundTasks, Response

from kit.heard import TooStale
from kit.http import Caller, Person, etag, may_answer
from kit.problems import NotFound
from services.support.api.fields import TicketId
from services.support.consulting import Consulting
from services.support.domain.reach import Reach, standing, visible
from services.support.domain.tickets import Ticket
from services.support.reaching import Reaching
from services.support.records import Records
from services.support.views import tickets as views
from services.support.views.tickets import TicketView


def ticket_routes(records: Records, consulting: Consulting) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])

    @routes.get("/{id}", responses=may_answer(NotFound, TooStale))
    async def read(
        id: TicketId, caller: Person, response: Response, afterwards: BackgroundTasks
    ) -> TicketView:
        """One ticket, and what you may do to it now."""
        ticket, reach = await found(records, consulting.reaching, id, caller)
        consulting.note(ticket, caller, afterwards)
        return await answer(records, ticket, reach, response)

    return routes


async def found(
    records: Records, reaching: Reaching, id: str, caller: Caller
) -> tuple[Ticket, Reach]:
    """The ticket, to whom it may concern: before anything else is read or decided."""
    current = await records.tickets.find(id)
    reach = await reaching.to(current, caller)
    return visible(current, reach), reach


async def answer(records: Records, ticket: Ticket, reach: Reach, response: Response) -> TicketView:
    etag(response, ticket.version)
    return views.shown(ticket, standing(ticket, reach), await views.names(records, [ticket]))
