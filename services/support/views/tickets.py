"""A ticket as it is shown."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel

from contracts.support import Promise
from services.support.domain.activity import names_shown
from services.support.domain.clocks import Clocks
from services.support.domain.contents import Content
from services.support.domain.known import Somebody, Structure
from services.support.domain.objects import ObjectType
from services.support.domain.reach import Standing
from services.support.domain.states import State
from services.support.domain.table import Act, may
from services.support.domain.tickets import Ticket
from services.support.markup import as_text
from services.support.records import Records


class Names(NamedTuple):
    """What the structures and the people that tickets name are called, by their ids."""

    structures: Mapping[str, Structure]
    people: Mapping[str, Somebody]


class StructureView(BaseModel):
    """Empty where it is not known, or nobody's business: of a person."""

    id: str
    name: str
    identifier: str


class PromiseView(BaseModel):
    """By when something is to be done; while the emitter is waited for, there is no such time."""

    due_at: datetime | None
    kept_at: datetime | None
    late_at: datetime | None
    """Since when it is late, or was when it was done."""


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
    contact_email: str | None
    contact_phone: str | None
    recipient_structure_id: str | None
    recipient: StructureView | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    treated_by: Literal["recipient", "desk"]
    taken: bool
    assignee_id: str | None
    """Who has taken it, and their name: for those who treat it."""
    assignee: str | None
    first_answer: PromiseView | None
    solution: PromiseView | None
    overdue: bool
    may: list[Act]
    """What you may do to it now."""


async def names(records: Records, tickets: Collection[Ticket]) -> Names:
    """What these name, in one read."""
    contents = [one.content for one in tickets]
    named = {one.structure_id for one in contents} | {
        one.recipient_structure_id for one in contents
    }
    assignees = {one.assignee_id for one in tickets}
    return Names(
        await records.structures.many(sorted(one for one in named if one)),
        await records.people.many(sorted(one for one in assignees if one)),
    )


def shown(ticket: Ticket, found: Standing, names: Names) -> TicketView:
    content = ticket.content
    named = ticket.assignee_id is not None and names_shown(ticket.treated_by, found)
    assignee = names.people.get(ticket.assignee_id or "")
    return TicketView(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        created_at=ticket.created_at,
        opened_at=ticket.opened_at,
        closed_at=ticket.closed_at,
        treated_by=ticket.treated_by,
        taken=ticket.assignee_id is not None,
        assignee_id=ticket.assignee_id if named else None,
        assignee=assignee.name if named and assignee else None,
        first_answer=_promise(ticket.clocks, "first_answer"),
        solution=_promise(ticket.clocks, "solution"),
        overdue=ticket.overdue,
        may=list(may(ticket, found)),
        **asdict(content) | _contact(content),
        description_text=as_text(content.description),
        structure=_structure(content.structure_id, names),
        recipient=_structure(content.recipient_structure_id, names),
    )


def _contact(content: Content) -> dict[str, str | None]:
    """As the form is told it: what is empty there is left out."""
    return {
        "contact_email": content.contact_email or None,
        "contact_phone": content.contact_phone or None,
    }


def _promise(clocks: Clocks | None, name: Promise) -> PromiseView | None:
    if clocks is None:
        return None
    clock = dict(clocks.each())[name]
    return PromiseView(due_at=clock.due_at, kept_at=clock.kept_at, late_at=clock.late_at)


def _structure(id: str | None, names: Names) -> StructureView | None:
    if id is None:
        return None
    known = names.structures.get(id)
    return StructureView(
        id=id, name=known.name if known else "", identifier=known.identifier if known else ""
    )
