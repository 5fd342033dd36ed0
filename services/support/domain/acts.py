"""What is done to a ticket once it is sent: each act and its entry, in one decision."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from kit.change import Change
from kit.problems import Conflict
from services.support.domain.activity import BESIDE, INTERNAL, Entry, Kind
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import (
    About,
    Content,
    Incomplete,
    NotForAStructure,
    OtherRecipient,
    OwnStructure,
    StructureInactive,
    UnknownCategory,
    UnknownRecipient,
    require_form,
)
from services.support.domain.known import Structure
from services.support.domain.reach import Reach, Side, Standing, seen
from services.support.domain.table import SENT, Act, TakenByAnother, require
from services.support.domain.telling import told
from services.support.domain.tickets import Ticket, without_words

Changes = tuple[Change[Ticket], Change[Entry]]

KINDS: Final[Mapping[Act, Kind]] = {
    "take": "taken",
    "release": "released",
    "note": "note",
    "ask": "information-asked",
    "inform": "information-given",
    "answer": "solution-proposed",
    "refuse": "solution-refused",
    "accept": "solution-accepted",
    "transfer": "transferred",
    "call_in": "transferred",
    "refile": "refiled",
    "close": "closed",
}


class NobodySigned(Conflict):
    """Whoever wrote this ticket has not signed in: the desk alone treats it."""


class ClosedToEmitter(Conflict):
    """This supplier has closed its support to those who wrote this ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Who does something now, and the id its entry has."""

    entry_id: str
    reach: Reach
    now: datetime


def write(act: Act, ticket: Ticket | None, entry: Entry | None, *, text: str, by: Doing) -> Changes:
    """Whatever is done by writing: asking, informing, answering, refusing, noting."""
    current, found = seen(ticket, by.reach)
    if entry:
        return Change(current), Change(entry)
    state = require(act, current, found)
    return done(act, replace(current, state=state), found, by, text=text)


def end(act: Act, ticket: Ticket | None, entry: Entry | None, *, by: Doing) -> Changes:
    """The emitter accepts the solution, or needs no answer any more (SUP-25)."""
    current, found = seen(ticket, by.reach)
    accepted = act == "accept"
    if "emitter" in found.acts and current.state == "closed" and current.accepted == accepted:
        return Change(current), Change(entry)
    state = require(act, current, found)
    closed = replace(current, state=state, closed_at=by.now, accepted=accepted)
    return done(act, closed, found, by)


def leave(ticket: Ticket | None, entry: Entry | None, *, entry_id: str, now: datetime) -> Changes:
    """
    Take out whoever wrote a ticket.

    Where nobody else reads it as its emitter it is closed as by them, who need no answer any more:
    what the desk wrote from then on would be about somebody erased, and for nobody.
    """
    if ticket is None or ticket.content.structure_id is not None or ticket.state not in SENT:
        return without_words(ticket) if ticket else Change(None), Change(entry)
    by = Doing(entry_id=entry_id, reach=Reach(user_id=ticket.emitter_id), now=now)
    closed, noted = end("close", ticket, entry, by=by)
    left = without_words(closed.state) if closed.state else closed
    return Change(left.state, closed.events), noted


def take(
    ticket: Ticket | None, entry: Entry | None, *, instead_of: str | None = None, by: Doing
) -> Changes:
    """Assign a ticket to oneself (SUP-39); ``instead_of``: from whom it is taken over."""
    current, found = seen(ticket, by.reach)
    require("take", current, found)
    if current.assignee_id == found.user_id:
        return Change(current), Change(entry)
    if current.assignee_id not in (None, instead_of):
        raise TakenByAnother(assignee_id=current.assignee_id)
    return done("take", replace(current, assignee_id=found.user_id), found, by)


def release(ticket: Ticket | None, entry: Entry | None, *, by: Doing) -> Changes:
    """Leave a ticket to whoever takes it next."""
    current, found = seen(ticket, by.reach)
    if current.assignee_id is None and current.treated_by in found.acts:
        return Change(current), Change(entry)
    require("release", current, found)
    return done("release", replace(current, assignee_id=None), found, by)


def transfer(ticket: Ticket | None, entry: Entry | None, *, text: str, by: Doing) -> Changes:
    """Hand a ticket to the support desk, or take it there where a recipient leaves it (SUP-40)."""
    current, found = seen(ticket, by.reach)
    if entry:
        return Change(current), Change(entry)
    taken = current.assignee_id == found.user_id or "desk" not in found.acts
    act: Act = "transfer" if taken and "recipient" in found.acts else "call_in"
    require(act, current, found)
    with_desk = replace(current, treated_by="desk", assignee_id=None)
    return done(act, with_desk, found, by, text=text)


def refile(
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    category: str,
    subcategory: str,
    about: About,
    recipient: Structure | None,
    named: bool,
    lets_in: bool,
    sent_to: str | None,
    catalogue: Catalogue,
    by: Doing,
) -> Changes:
    """
    The desk files a ticket elsewhere; a business sub-category hands it to its recipient.

    ``about``: as corrected; ``recipient``: as ``named``, known or not, or else whom the object was
    sent to; ``lets_in``: whether it has its support open to whoever wrote the ticket; ``sent_to``:
    who got the object, if that is known. What is asked for with a form stays where it is decided.
    """
    current, found = seen(ticket, by.reach)
    filed = catalogue.subcategory(category, subcategory)
    before = current.content
    content = about.of(replace(before, category=category, subcategory=subcategory))
    unknown = named and recipient is None
    treated = _treated_by(current, recipient) and not unknown
    handed = filed is None or not filed.needs_recipient or treated
    in_vain = named and filed is not None and not filed.needs_recipient
    if content == before and handed and not in_vain and "desk" in found.acts:
        return Change(current), Change(entry)
    require("refile", current, found)
    if filed is None:
        raise UnknownCategory(field="body/subcategory")
    if in_vain:
        raise NotForAStructure(field="body/recipient_structure_id")
    for one in (before, content):
        require_form(replace(one, object_number=""), "", catalogue)
    about.require_fitting(content, filed)
    moved = replace(current, content=content)
    if filed.needs_recipient:
        if recipient is None and not named:
            raise Incomplete(field="body/recipient_structure_id")
        if sent_to and recipient and recipient.id != sent_to:
            raise OtherRecipient(field="body/recipient_structure_id")
        moved = _handed(moved, recipient, lets_in=lets_in)
        about.require_known(moved.content, filed)
    return done("refile", moved, found, by, **_refiled(before, content))


def _refiled(before: Content, content: Content) -> dict[str, str]:
    """Under what it was filed and is; with what it is about, where that was corrected."""
    said = [[one.category, one.subcategory, one.object_type or ""] for one in (before, content)]
    parts = 2 if before.object_type == content.object_type else 3
    was, became = ("/".join(one[:parts]) for one in said)
    return {"was": was, "became": became}


def _handed(ticket: Ticket, recipient: Structure | None, *, lets_in: bool) -> Ticket:
    if not ticket.emitter_id:
        raise NobodySigned
    if recipient is None:
        raise UnknownRecipient(field="body/recipient_structure_id")
    if recipient.id == ticket.content.structure_id:
        raise OwnStructure(field="body/recipient_structure_id")
    if not recipient.active:
        raise StructureInactive(field="body/recipient_structure_id")
    if not lets_in:
        raise ClosedToEmitter(field="body/recipient_structure_id")
    content = replace(ticket.content, recipient_structure_id=recipient.id)
    return replace(ticket, content=content, **sent_to(recipient.id), assignee_id=None)


def _treated_by(ticket: Ticket, recipient: Structure | None) -> bool:
    return ticket.treated_by == "recipient" and (
        recipient is None or recipient.id == ticket.recipient_id
    )


def sent_to(recipient_id: str | None) -> dict[str, Any]:
    """Who treats a ticket: the recipient if it has one, else the desk (SUP-06)."""
    return {"recipient_id": recipient_id, "treated_by": "recipient" if recipient_id else "desk"}


def attachment_read(ticket: Ticket | None, entry: Entry | None, *, name: str, by: Doing) -> Changes:
    """The desk has read a file of others: they see it."""
    current, found = seen(ticket, by.reach)
    if entry or found.reads != {"desk"} or current.state == "draft":
        return Change(current), Change(entry)
    read = entered("attachment-read", current, "desk", by, became=name)
    return Change(replace(current, entries=read.rank)), Change(read)


def is_consulted(ticket: Ticket, reach: Reach) -> bool:
    """Whether somebody reads it as the desk alone, who has not taken it: that is an entry too."""
    return seen(ticket, reach)[1].reads == {"desk"} and ticket.assignee_id != reach.user_id


def consulted(entry: Entry | None, *, ticket: Ticket, by: Doing) -> Change[Entry]:
    """An agent of the desk has read a ticket of others; told to nobody, and seen by them."""
    return Change(entry or entered("consulted", ticket, "desk", by))


def opened(ticket: Ticket, *, now: datetime) -> Entry:
    """The first entry of a ticket, which has its id."""
    return Entry(
        id=ticket.id,
        ticket_id=ticket.id,
        rank=1,
        kind="opened",
        at=now,
        by=ticket.emitter_id,
        side="emitter",
        emitter_id=ticket.emitter_id,
    )


def done(act: Act, after: Ticket, found: Standing, by: Doing, **said: str) -> Changes:
    return noted(entered(KINDS[act], after, _side(act, after, found), by, **said), after)


def noted(entry: Entry, after: Ticket) -> Changes:
    """The entry, and the ticket that has it, with what they tell."""
    ticket = replace(after, entries=entry.rank)
    of_ticket, of_entry = told(entry, ticket)
    return Change(ticket, of_ticket), Change(entry, of_entry)


def _side(act: Act, after: Ticket, found: Standing) -> Side:
    if "emitter" in found.reads:
        return "emitter"
    if act == "transfer":
        return "recipient"
    return "desk" if act in ("call_in", "refile") else after.treated_by


def entered(kind: Kind, ticket: Ticket, side: Side, by: Doing, **said: Any) -> Entry:
    return Entry(
        id=by.entry_id,
        ticket_id=ticket.id,
        rank=ticket.entries + (kind not in BESIDE),
        kind=kind,
        at=by.now,
        by=by.reach.user_id,
        side=side,
        structure_id=ticket.recipient_id if side == "recipient" else None,
        emitter_id=ticket.emitter_id,
        internal=kind in INTERNAL,
        **said,
    )
