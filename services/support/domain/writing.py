"""How a ticket is written, kept as a draft, and sent."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.support import TicketOpened
from kit.change import Change
from kit.problems import Conflict
from services.support.domain.activity import Entry
from services.support.domain.acts import opened, sent_to
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import (
    Content,
    Known,
    addressed,
    check,
    complete,
    filled,
    require_active,
    require_form,
)
from services.support.domain.numbers import Number, claimed
from services.support.domain.promises import waking
from services.support.domain.reach import Reach, seen
from services.support.domain.table import TABLE, require_emitter
from services.support.domain.tickets import Ticket


class NotADraft(Conflict):
    """Only a draft can be rewritten."""


class Rewritten(Conflict):
    """The draft was rewritten while it was being sent: look at it, and send it again."""


def write(
    current: Ticket | None,
    entry: Entry | None,
    *claims: Number | None,
    id: str,
    content: Content,
    draft: bool,
    by: str,
    known: Known,
    catalogue: Catalogue,
    now: datetime,
    form: str = "",
) -> tuple[Change[Any], ...]:
    """Keep a new ticket and claim its number: ``claims`` are those on ``numbers_for(id)``."""
    if current is not None:
        return Change(current), Change(entry), *(Change(claim) for claim in claims)
    number, taken = claimed(id, claims)
    whole = _checked(content, known, catalogue, form)
    written = Ticket(id=id, number=number, emitter_id=by, content=whole, created_at=now)
    if draft:
        return Change(written), Change(None), *taken
    require_active(known)
    return *send(written, catalogue, now), *taken


def rewrite(
    current: Ticket | None,
    *,
    content: Content,
    reach: Reach,
    known: Known,
    catalogue: Catalogue,
) -> Change[Ticket]:
    ticket = _emitted(current, reach)
    if ticket.state != "draft":
        raise NotADraft(state=ticket.state)
    whole = _checked(content, known, catalogue)
    return Change(ticket if ticket.content == whole else replace(ticket, content=whole))


def submit(
    current: Ticket | None,
    entry: Entry | None,
    *,
    content: Content,
    reach: Reach,
    known: Known,
    catalogue: Catalogue,
    now: datetime,
) -> tuple[Change[Ticket], Change[Entry]]:
    """``content``: what the draft said when it was asked what is ``known`` of those it names."""
    ticket = _emitted(current, reach)
    if ticket.state != "draft":
        return Change(ticket), Change(entry)
    if ticket.content != content:
        raise Rewritten
    # The rights of the emitter or the catalogue may have changed since the draft was kept.
    whole = _checked(addressed(ticket.content, known), known, catalogue)
    require_active(known)
    return send(replace(ticket, content=whole), catalogue, now)


def _checked(content: Content, known: Known, catalogue: Catalogue, form: str = "") -> Content:
    require_form(content, form, catalogue)
    whole = filled(content, known, catalogue)
    check(whole, known, catalogue)
    return whole


def _emitted(current: Ticket | None, reach: Reach) -> Ticket:
    ticket, found = seen(current, reach)
    require_emitter(found)
    return ticket


def send(
    ticket: Ticket, catalogue: Catalogue, now: datetime
) -> tuple[Change[Ticket], Change[Entry]]:
    content = ticket.content
    complete(content, catalogue)
    filed = catalogue.subcategory(content.category, content.subcategory)
    business = filed is not None and filed.needs_recipient
    sent = replace(
        ticket,
        state=TABLE["submit"].becomes[ticket.state],
        opened_at=now,
        entries=1,
        clocks=catalogue.begun(content.category, content.subcategory, now=now),
        **sent_to(content.recipient_structure_id if business else None),
    )
    told = TicketOpened(
        ticket_id=sent.id,
        number=sent.number,
        emitter_id=sent.emitter_id,
        structure_id=content.structure_id,
        category=content.category,
        subcategory=content.subcategory,
        opened_at=now,
        recipient_id=sent.recipient_id,
        unit=content.unit,
    )
    return Change(waking(sent), (told,)), Change(opened(sent, now=now))
