"""A ticket, and its states."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kit.change import Change, Entity
from services.support.domain.clocks import Clocks
from services.support.domain.contents import Content
from services.support.domain.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Entity):
    """One request for help."""

    number: str
    state: State = "draft"
    emitter_id: str
    content: Content
    created_at: datetime
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    recipient_id: str | None = None
    """The structure it was sent to; the desk may have taken it since."""
    treated_by: Literal["recipient", "desk"] = "desk"
    assignee_id: str | None = None
    """Who of those has taken it."""
    accepted: bool = False
    """Whether a solution was accepted, and not the question given up."""
    entries: int = 0
    """How many its activity has, notes aside."""
    clocks: Clocks | None = None
    """Of what was promised as it was sent."""
    overdue: bool = False
    """Whether something that was promised is late and still to be done."""


def without_words(ticket: Ticket) -> Change[Ticket]:
    """That somebody asked, about what, and when; not what they wrote: a draft is nothing else."""
    if ticket.state == "draft":
        return Change(None)
    left = replace(ticket.content, title="", description="", contact_email="", contact_phone="")
    return Change(replace(ticket, content=left))
