"""Tickets as they are shown, one and many."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel

from kit.pages import Asked, Page, page
from services.support.domain.known import Structure
from services.support.domain.objects import ObjectType
from services.support.domain.tickets import State, Ticket
from services.support.markup import as_text
from services.support.records import Records

Names = Mapping[str, Structure]
"""What the structures that tickets name are called, by their ids."""


class StructureView(BaseModel):
    """Empty where it is not known, or nobody's business: of a person."""

    id: str
    name: str
    identifier: str


class TicketView(BaseModel):
    """A ticket as it is read; its description as HTML in which nothing acts, and as text."""

    id: str
    number: str
    state: State
    category: str
    subcategory: str
    object_type: ObjectType | None
    object_number: str
    title: str
    description: str
    description_text: str
    structure_id: str | None
    structure: StructureView | None
    unit: str | None
    contact_email: str
    contact_phone: str
    recipient_structure_id: str | None
    recipient: StructureView | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


async def names(records: Records, tickets: Iterable[Ticket]) -> Names:
    """What these name, in one read."""
    contents = [one.content for one in tickets]
    named = {one.structure_id for one in contents} | {
        one.recipient_structure_id for one in contents
    }
    return await records.structures.many(sorted(one for one in named if one))


def shown(ticket: Ticket, names: Names) -> TicketView:
    content = ticket.content
    return TicketView(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        created_at=ticket.created_at,
        opened_at=ticket.opened_at,
        closed_at=ticket.closed_at,
        **asdict(content),
        description_text=as_text(content.description),
        structure=_structure(content.structure_id, names),
        recipient=_structure(content.recipient_structure_id, names),
    )


def _structure(id: str | None, names: Names) -> StructureView | None:
    if id is None:
        return None
    known = names.get(id)
    return StructureView(
        id=id, name=known.name if known else "", identifier=known.identifier if known else ""
    )


async def written_by(
    records: Records, emitter_id: str, state: State | None, asked: Asked
) -> Page[TicketView]:
    """The emitter's tickets, newest first."""
    where = {"emitter_id": emitter_id} | ({"state": state} if state else {})
    found, following = await page(records.tickets, where, asked, by="created_at", descending=True)
    known = await names(records, found)
    return Page(items=[shown(ticket, known) for ticket in found], next=following)
