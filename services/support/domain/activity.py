"""What has happened to a ticket: one entry for each act, beside the ticket."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from kit.change import Change, Entity
from services.support.domain.reach import Side, Standing
from services.support.domain.tickets import Ticket

Kind = Literal[
    "opened",
    "taken",
    "released",
    "note",
    "information-asked",
    "information-given",
    "solution-proposed",
    "solution-refused",
    "solution-accepted",
    "transferred",
    "refiled",
    "closed",
    "attachment-added",
    "attachment-read",
    "consulted",
    "message",
    "request-accepted",
    "request-done",
    "request-failed",
]
INTERNAL: Final = frozenset({"note", "request-failed"})
"""Seen by those who treat the ticket alone."""
BESIDE: Final = INTERNAL | {"consulted"}
"""They leave the ticket as it was, and have the rank of the entry before."""
OF_FILES: Final = frozenset({"attachment-added", "attachment-read"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Entity):
    """One act on a ticket, which never changes."""

    ticket_id: str
    rank: int
    """Its place among the entries that all may read, from 1; what is beside has the one before."""
    kind: Kind
    at: datetime
    by: str
    side: Side
    """As what they did it."""
    structure_id: str | None = None
    """For which structure, of a recipient's agents."""
    emitter_id: str
    """Who wrote the ticket: what is written to them says something of them."""
    text: str = ""
    internal: bool = False
    """A note for those who treat it: its emitter never knows of it."""
    was: str = ""
    became: str = ""
    """What it was filed under, of one that was refiled; what it is called, of an attachment."""


def place(entry: Entry) -> str:
    """Where it stands in the order of its ticket: nobody learns of a note by counting."""
    among = f"{entry.rank:09}"
    return f"{among}/{entry.at.isoformat()}" if entry.kind in BESIDE else among


def note_writers(ticket: Ticket, found: Standing) -> frozenset[str | None]:
    """
    Whose notes somebody may read: those of these structures, those of the desk under None.

    A note is for those who may treat at the side that wrote it, and for the desk once the ticket
    has come there; never for anybody of the emitter's.
    """
    if "emitter" in found.reads:
        return frozenset()
    theirs: set[str | None] = set()
    if "recipient" in found.acts:
        theirs.add(ticket.recipient_id)
    if "desk" in found.acts:
        theirs |= {None, ticket.recipient_id} if ticket.treated_by == "desk" else {None}
    return frozenset(theirs)


def names_shown(side: Side, found: Standing) -> bool:
    """Whether somebody is told who of this side acted, and not only that support did."""
    if side == "emitter" or side in found.reads:
        return True
    return side == "recipient" and "desk" in found.reads and "emitter" not in found.reads


def shown_to_writer(entry: Entry) -> Entry:
    """As its writer is given it: that they have noted something, not what of whom."""
    return replace(entry, text="") if entry.internal else entry


def without_text(entry: Entry) -> Change[Entry]:
    """That somebody acted, and when; not what they wrote, nor what a file was called."""
    became = "" if entry.kind in OF_FILES else entry.became
    return Change(replace(entry, text="", became=became))
