"""A ticket, its states, and who may know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kit.change import Change, Entity
from kit.problems import Conflict, NotFound
from services.support.domain.contents import Content

State = Literal["draft", "open", "closed"]
Act = Literal["submit", "close"]

BECOMES: Mapping[Act, Mapping[State, State]] = {
    "submit": {"draft": "open", "open": "open", "closed": "closed"},
    "close": {"open": "closed", "closed": "closed"},
}
"""What an act makes of a ticket in each state; a state that is not named refuses it."""


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


class NotInThisState(Conflict):
    """The ticket's present state does not allow this."""


def readable(ticket: Ticket | None, *, by: str, operator: bool) -> Ticket:
    """The ticket, to those who may know that it exists."""
    if ticket is None or not (operator or ticket.emitter_id == by):
        raise NotFound
    return ticket


def without_words(ticket: Ticket) -> Change[Ticket]:
    """That somebody asked, about what, and when; not what they wrote: a draft is nothing else."""
    if ticket.state == "draft":
        return Change(None)
    left = replace(ticket.content, title="", description="", contact_email="", contact_phone="")
    return Change(replace(ticket, content=left))


def becomes(ticket: Ticket, act: Act) -> State:
    if ticket.state not in BECOMES[act]:
        raise NotInThisState(state=ticket.state)
    return BECOMES[act][ticket.state]
