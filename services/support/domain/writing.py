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
from services.support.domain.contents import Content, check, complete
from services.support.domain.numbers import Number, claimed
from services.support.domain.reach import Reach, seen
from services.support.domain.table import TABLE, EmitterOnly
from services.support.domain.tickets import Ticket


class NotADraft(Conflict):
    """Only a draft can be rewritten."""


def write(
    current: Ticket | None,
    entry: Entry | None,
    *claims: Number | None,
    id: str,
    content: Content,
    draft: bool,
    by: str,
    attached_to: frozenset[str],
    catalogue: Catalogue,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """Keep a new ticket and claim its number: ``claims`` are those on ``numbers_for(id)``."""
    if current is not None:
        return Change(current), Change(entry), *(Change(claim) for claim in claims)
    number, taken = claimed(id, claims)
    check(content, attached_to, catalogue)
    written = Ticket(id=id, number=number, emitter_id=by, content=content, created_at=now)
    if draft:
        return Change(written), Change(None), *taken
    return *_send(written, catalogue, now), *taken


def rewrite(
    current: Ticket | None,
    *,
    content: Content,
    reach: Reach,
    attached_to: frozenset[str],
    catalogue: Catalogue,
) -> Change[Ticket]:
    ticket = _emitted(current, reach)
    if ticket.state != "draft":
        raise NotADraft(state=ticket.state)
    check(content, attached_to, catalogue)
    return Change(ticket if ticket.content == content else replace(ticket, content=content))


def submit(
    current: Ticket | None,
    entry: Entry | None,
    *,
    reach: Reach,
    attached_to: frozenset[str],
    catalogue: Catalogue,
    now: datetime,
) -> tuple[Change[Ticket], Change[Entry]]:
    ticket = _emitted(current, reach)
    if ticket.state != "draft":
        return Change(ticket), Change(entry)
    # The rights of the emitter or the catalogue may have changed since the draft was kept.
    check(ticket.content, attached_to, catalogue)
    return _send(ticket, catalogue, now)


def _emitted(current: Ticket | None, reach: Reach) -> Ticket:
    ticket, found = seen(current, reach)
    if "emitter" not in found.acts:
        raise EmitterOnly
    return ticket


def _send(
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
    return Change(sent, (told,)), Change(opened(sent, now=now))
