"""Files of a ticket, of those who sent it and of those who treat it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kit import file
from kit.change import Change
from kit.file import File, FileCount, Looked, Scan
from kit.formats import FORMATS, Described, describe
from kit.problems import Conflict, NotFound
from services.support.domain import acts
from services.support.domain.activity import Entry
from services.support.domain.acts import Doing
from services.support.domain.reach import Reach, Side, Standing, seen
from services.support.domain.table import SENT, Rule, follow
from services.support.domain.tickets import Ticket

_ADDED: Final = Rule("emitter", {"draft": "draft", **SENT})
_ANSWERED: Final = Rule("assignee", SENT)
"""Of those who treat it."""
_REMOVED: Final = Rule("emitter", {"draft": "draft"})
"""While nobody else has seen it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAttachment(File):
    """A file, the ticket it is kept with, and as what somebody added it."""

    ticket_id: str
    side: Side


class NobodyToRead(Conflict):
    """Who wrote this ticket has not signed in and can read no file: answer in words."""


class TooManyFiles(Conflict):
    """This ticket has as many files as one may have."""


class FilesChanged(Conflict):
    """A file has come to this draft while it was thrown away: look at it, and ask again."""


def described(name: str, *, declared: str, content: bytes, most: int) -> Described:
    return describe(name, declared=declared, content=content, allowed=FORMATS, most=most)


def opened_to_files(ticket: Ticket | None, reach: Reach) -> tuple[Ticket, Side]:
    """The ticket, and as what somebody may add files to it; raises the refusal otherwise."""
    current, found = seen(ticket, reach)
    emitter = "emitter" in found.reads
    follow(_ADDED if emitter else _ANSWERED, current, found)
    if not current.emitter_id:
        raise NobodyToRead
    return current, "emitter" if emitter else current.treated_by


def add(
    current: TicketAttachment | None,
    ticket: Ticket | None,
    count: FileCount | None,
    entry: Entry | None,
    *,
    id: str,
    described: Described,
    content: str,
    scan: Scan,
    reach: Reach,
    looked: Looked,
    most: int,
    now: datetime,
) -> tuple[Change[TicketAttachment], Change[Ticket], Change[FileCount], Change[Entry]]:
    """
    Keep it, with an entry of its id, once its ticket is sent: a draft has no activity.

    ``content``: where its bytes are; ``looked``: which files the ticket had before.
    """
    if current:
        return Change(current), Change(ticket), Change(count), Change(entry)
    known, side = opened_to_files(ticket, reach)
    counted = file.counted(count, looked, id, of=known.id, most=most)
    if counted is None:
        raise TooManyFiles(limit=most)
    added = file.brought(
        TicketAttachment,
        described,
        id=id,
        content=content,
        scan=scan,
        by=reach.user_id,
        now=now,
        ticket_id=known.id,
        side=side,
    )
    if known.state == "draft":
        return Change(added), Change(known), counted, Change(None)
    by = Doing(entry_id=id, reach=reach, now=now)
    noted = acts.noted(acts.entered("attachment-added", known, side, by, became=added.name), known)
    return Change(added), noted[0], counted, noted[1]


def of_ticket(current: TicketAttachment | None, ticket: Ticket) -> TicketAttachment:
    """Of another ticket is as good as none."""
    if current is None or current.ticket_id != ticket.id:
        raise NotFound
    return current


def remove(
    current: TicketAttachment | None, ticket: Ticket | None, *, reach: Reach
) -> tuple[Change[TicketAttachment], Change[Ticket]]:
    known, found = seen(ticket, reach)
    of_ticket(current, known)
    follow(_REMOVED, known, found)
    return Change(None), Change(known)


def discard(
    ticket: Ticket | None,
    count: FileCount | None,
    *files: TicketAttachment | None,
    ids: frozenset[str],
    looked: Looked,
    reach: Reach,
) -> tuple[Change[Any], ...]:
    """
    Throw a draft away, with its files; its number is given to no other ticket.

    ``ids``: the files it had once ``looked`` had been; FilesChanged where one has come since.
    """
    known, found = seen(ticket, reach)
    follow(_REMOVED, known, found)
    if count and not {*count.files} <= ids | looked.counted:
        raise FilesChanged
    return Change(None), Change(None), *(Change(None) for _ in files)


def stands_for_others(found: Standing) -> bool:
    """Whether somebody reads as the desk alone: what belongs to others, who are told of it."""
    return found.reads == {"desk"}


def without_emitter(attachment: TicketAttachment) -> Change[TicketAttachment]:
    """What the emitter brought goes with them; what they were sent is the other side's."""
    return Change(None if attachment.side == "emitter" else attachment)
