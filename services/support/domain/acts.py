"""What is done to a ticket once it is sent."""

from dataclasses import replace
from datetime import datetime

from kit.change import Change
from services.support.domain.tickets import Ticket, becomes, readable


def close(current: Ticket | None, *, by: str, now: datetime) -> Change[Ticket]:
    """The emitter needs no answer any more."""
    ticket = readable(current, by=by, operator=False)
    state = becomes(ticket, "close")
    return Change(ticket if state == ticket.state else replace(ticket, state=state, closed_at=now))
