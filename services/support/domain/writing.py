"""How a ticket is written, kept as a draft, and sent."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.support import TicketOpened
from kit.change import Change
from kit.problems import Conflict
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Content, Known, check, complete, filled
from services.support.domain.numbers import Number, claimed
from services.support.domain.tickets import Ticket, becomes, readable


class NotADraft(Conflict):
    """Only a draft can be rewritten."""


def write(
    current: Ticket | None,
    *claims: Number | None,
    id: str,
    content: Content,
    draft: bool,
    by: str,
    known: Known,
    catalogue: Catalogue,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """Keep a new ticket and claim its number: ``claims`` are those on ``numbers_for(id)``."""
    if current is not None:
        return Change(current), *(Change(claim) for claim in claims)
    number, taken = claimed(id, claims)
    whole = _checked(content, known, catalogue)
    written = Ticket(id=id, number=number, emitter_id=by, content=whole, created_at=now)
    return Change(written) if draft else _send(written, catalogue, now), *taken


def rewrite(
    current: Ticket | None,
    *,
    content: Content,
    by: str,
    known: Known,
    catalogue: Catalogue,
) -> Change[Ticket]:
    ticket = readable(current, by=by, operator=False)
    if ticket.state != "draft":
        raise NotADraft(state=ticket.state)
    whole = _checked(content, known, catalogue)
    return Change(ticket if ticket.content == whole else replace(ticket, content=whole))


def submit(
    current: Ticket | None,
    *,
    by: str,
    known: Known,
    catalogue: Catalogue,
    now: datetime,
) -> Change[Ticket]:
    ticket = readable(current, by=by, operator=False)
    if becomes(ticket, "submit") == ticket.state:
        return Change(ticket)
    # The rights of the emitter or the catalogue may have changed since the draft was kept.
    whole = _checked(ticket.content, known, catalogue)
    return _send(replace(ticket, content=whole), catalogue, now)


def _checked(content: Content, known: Known, catalogue: Catalogue) -> Content:
    whole = filled(content, known, catalogue)
    check(whole, known, catalogue)
    return whole


def _send(ticket: Ticket, catalogue: Catalogue, now: datetime) -> Change[Ticket]:
    complete(ticket.content, catalogue)
    opened = TicketOpened(
        ticket_id=ticket.id,
        number=ticket.number,
        emitter_id=ticket.emitter_id,
        structure_id=ticket.content.structure_id,
        category=ticket.content.category,
        subcategory=ticket.content.subcategory,
        opened_at=now,
    )
    return Change(replace(ticket, state=becomes(ticket, "submit"), opened_at=now), (opened,))
