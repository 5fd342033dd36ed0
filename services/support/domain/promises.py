"""What a ticket promises its emitter, as it is sent, moves on, and is late. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from contracts.support import TicketOverdue
from kit.change import Change
from services.support.domain.activity import Entry, Kind
from services.support.domain.acts import Changes
from services.support.domain.clocks import Timing, first_answered, ran_out, turned
from services.support.domain.tickets import Ticket

ANSWERS: Final[Mapping[Kind, bool]] = {
    "information-asked": True,
    "information-given": False,
    "solution-proposed": True,
    "solution-refused": False,
    "solution-accepted": False,
    "transferred": False,
    "refiled": False,
    "closed": False,
}
"""The acts that clocks follow, and whether the emitter is answered by each, unless it is theirs."""


def kept_up(before: Ticket | None, changes: Changes, timing: Timing, *, now: datetime) -> Changes:
    """What an act comes to with the clocks of its ticket; ``before``: as it found that."""
    done, noted = changes
    ticket, entry = done.state, noted.state
    if before is None or ticket is None or entry is None or entry.rank <= before.entries:
        return changes
    if entry.kind == "message":
        return _talked_over(ticket, entry, done, timing, now=now), noted
    handed_on = (before.treated_by, before.recipient_id) != (ticket.treated_by, ticket.recipient_id)
    if entry.kind not in ANSWERS or (entry.kind == "refiled" and not handed_on):
        return changes
    clocks = turned(
        ticket.clocks,
        before.state,
        ticket.state,
        timing,
        answered=ANSWERS[entry.kind] and entry.side != "emitter",
        now=now,
    )
    return Change(waking(replace(ticket, clocks=clocks)), done.events), noted


def _talked_over(
    ticket: Ticket, entry: Entry, done: Change[Ticket], timing: Timing, *, now: datetime
) -> Change[Ticket]:
    """A message answers the emitter, unless it is theirs; it gives nobody more time."""
    if ticket.clocks is None or entry.side == "emitter":
        return done
    clocks = first_answered(ticket.clocks, timing, now=now)
    return Change(waking(replace(ticket, clocks=clocks)), done.events)


def notice(current: Ticket | None, *, now: datetime) -> Change[Ticket]:
    """Tell what is late. Whoever notices it later, or a second time, changes nothing."""
    if current is None or current.clocks is None:
        return Change(current)
    clocks, late = ran_out(current.clocks, now=now)
    told = tuple(
        TicketOverdue(
            ticket_id=current.id,
            number=current.number,
            recipient_id=current.recipient_id,
            treated_by=current.treated_by,
            assignee_id=current.assignee_id,
            rank=current.entries,
            promise=name,
            due_at=getattr(clocks, name).late_at,
            noticed_at=now,
        )
        for name in late
    )
    return Change(waking(replace(current, clocks=clocks)), told)


def waking(ticket: Ticket) -> Ticket:
    """As a timer wakes it, when the next promise runs out, and as lists find what is late."""
    clocks = ticket.clocks
    if clocks is None:
        return ticket
    overdue = clocks.overdue and ticket.state != "closed"
    return replace(ticket, wake_at=clocks.next_due, overdue=overdue)
