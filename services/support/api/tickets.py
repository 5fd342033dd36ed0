"""Tickets: the list of one's own, one of them, and its end."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from kit.clock import now
from kit.http import Person, etag, may_answer
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from services.support.api.fields import TicketId
from services.support.domain import acts
from services.support.domain.tickets import NotInThisState, State, Ticket, readable
from services.support.records import Records
from services.support.views import tickets as views
from services.support.views.tickets import TicketView


def ticket_routes(records: Records) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])

    @routes.get("")
    async def list_mine(
        caller: Person, asked: PageAsked, state: Annotated[State | None, Query()] = None
    ) -> Page[TicketView]:
        """The tickets you wrote, newest first."""
        return await views.written_by(records, caller.user_id, state, asked)

    @routes.get("/{id}", responses=may_answer(NotFound))
    async def read(id: TicketId, caller: Person, response: Response) -> TicketView:
        found = await records.tickets.find(id)
        ticket = readable(found, by=caller.user_id, operator=caller.operator)
        return await answer(records, ticket, response)

    @routes.put("/{id}/closure", responses=may_answer(NotFound, NotInThisState))
    async def close(id: TicketId, caller: Person, response: Response) -> TicketView:
        """Close a ticket that needs no answer any more."""
        at = now()
        ticket = await records.tickets.change(
            id, lambda current: acts.close(current, by=caller.user_id, now=at)
        )
        return await answer(records, ticket, response)

    return routes


async def answer(records: Records, ticket: Ticket, response: Response) -> TicketView:
    etag(response, ticket.version)
    return views.shown(ticket, await views.names(records, [ticket]))
