"""Tickets as they are shown, one and many."""

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel

from kit.collection import Collection
from kit.pages import Asked, Page, page
from services.support.domain.tickets import State, Ticket


class TicketView(BaseModel):
    """A ticket as its emitter reads it. The description is text: whoever shows it escapes it."""

    id: str
    number: str
    state: State
    category: str
    subcategory: str
    title: str
    description: str
    structure_id: str | None
    recipient_structure_id: str | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


def shown(ticket: Ticket) -> TicketView:
    return TicketView(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        created_at=ticket.created_at,
        opened_at=ticket.opened_at,
        closed_at=ticket.closed_at,
        **asdict(ticket.content),
    )


async def written_by(
    tickets: Collection[Ticket], emitter_id: str, state: State | None, asked: Asked
) -> Page[TicketView]:
    """The emitter's tickets, newest first."""
    where = {"emitter_id": emitter_id} | ({"state": state} if state else {})
    found, following = await page(tickets, where, asked, by="created_at", descending=True)
    return Page(items=[shown(ticket) for ticket in found], next=following)
