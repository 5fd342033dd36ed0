"""What somebody writes without signing in: a ticket once their address is proved (SUP-41)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from contracts.support import FormSent
from kit.attempts import Attempts, Limit, attempt, locked_until
from kit.change import Change, Entity
from kit.problems import Invalid
from services.support.domain import requests as asked_for
from services.support.domain.activity import Entry, without_text
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import (
    Content,
    Known,
    check,
    complete,
    preselected,
    require_form,
)
from services.support.domain.numbers import Number, claimed
from services.support.domain.requests import Request
from services.support.domain.tickets import Ticket, without_words
from services.support.domain.writing import send as open_ticket

Kind = Literal["question", "reactivation"]
REACTIVATION: Final = ("GESTION_STRUCTURES_UTILISATEURS", "REACTIVATION_COMPTE")
LEASE: Final = timedelta(minutes=1)
LATER: Final = timedelta(days=30)
"""When a ticket is looked at again that is not over once its words should go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Entity):
    """
    What was written, until its address is proved; then only that it was, under the ticket's id.
    """

    number: str
    kind: Kind
    content: Content
    """With the address to which the answer goes."""
    nonce: str
    expires_at: datetime
    created_at: datetime
    confirmed_at: datetime | None = None
    erased: bool = False
    """Whether the account that it asked for is: what it became is forgotten, answered or not."""


class SignInForThis(Invalid):
    """Whoever writes to a structure signs in first."""


class FormOver(Invalid):
    """This link has been used, or what it was for is forgotten: write again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What the shell knows of a form that comes in."""

    id: str
    kind: Kind
    content: Content
    nonce: str
    expires_at: datetime
    address: str
    """Of the tries on this e-mail address: its hash."""
    limit: Limit
    now: datetime


def write(
    current: Form | None,
    letters: Attempts | None,
    *claims: Number | None,
    sending: Sending,
    catalogue: Catalogue,
) -> tuple[Change[Any], ...]:
    """
    Keep it, and have its address asked.

    An address that was written to often enough gets no more letters, and nobody is told so.
    """
    if current is not None:
        return Change(current), Change(letters), *(Change(claim) for claim in claims)
    content = preselected(sending.content, catalogue)
    if sending.kind == "question":
        require_question(content, catalogue)
    else:
        _check(content, catalogue)
    number, taken = claimed(sending.id, claims)
    form = Form(
        id=sending.id,
        number=number,
        kind=sending.kind,
        content=content,
        nonce=sending.nonce,
        expires_at=sending.expires_at,
        created_at=sending.now,
        wake_at=sending.expires_at,
    )
    if locked_until(letters, sending.limit, sending.now):
        return Change(form), Change(letters), *taken
    told = FormSent(
        ticket_id=form.id,
        number=form.number,
        email=form.content.contact_email,
        nonce=form.nonce,
        expires_at=form.expires_at,
    )
    counted = attempt(letters, id=sending.address, limit=sending.limit, now=sending.now)
    return Change(form, (told,)), counted, *taken


def require_question(content: Content, catalogue: Catalogue) -> None:
    """Refuse what the desk does not answer, what has a form of its own, and what lacks a field."""
    require_form(content, "", catalogue)
    _check(content, catalogue)


def _check(content: Content, catalogue: Catalogue) -> None:
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and filed.needs_recipient:
        raise SignInForThis(field="body/subcategory")
    check(content, Known(), catalogue)
    complete(content, catalogue)


def confirm(
    form: Form | None,
    ticket: Ticket | None,
    entry: Entry | None,
    request: Request | None,
    *,
    nonce: str,
    catalogue: Catalogue,
    kept_for: timedelta,
    now: datetime,
) -> tuple[Change[Form], Change[Ticket], Change[Entry], Change[Request]]:
    """Whoever reads the mail of that address has said so: it becomes a ticket of the desk."""
    if form is None or form.nonce != nonce:
        raise FormOver(field="body/token")
    if form.confirmed_at:
        return Change(form), Change(ticket), Change(entry), Change(request)
    # No `expires_at` here: the link has its own, and what is over is gone.
    written = Ticket(
        id=form.id, number=form.number, emitter_id="", content=form.content, created_at=now
    )
    opened, first = open_ticket(written, catalogue, now)
    asked = request
    if form.kind == "reactivation":
        asked = Request(id=form.id, kind="reactivation", login=form.content.contact_email)
    confirmed = replace(form, content=Content(), confirmed_at=now, wake_at=now + kept_for)
    return Change(confirmed), opened, first, Change(asked)


def erase(
    request: Request | None, form: Form | None, *, now: datetime
) -> tuple[Change[Request], Change[Form]]:
    """Take out whoever asked; a form that became a ticket of theirs is forgotten next."""
    taken: Change[Request] = asked_for.without_words(request) if request else Change(None)
    if form is None or form.erased:
        return taken, Change(form)
    return taken, Change(replace(form, erased=True, wake_at=now))


def claim(current: Form | None, now: datetime) -> Change[Form]:
    """Take what is due for as long as the lease lasts."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def forgettable(form: Form, ticket: Ticket | None) -> bool:
    """What nobody confirmed, and what is answered; a ticket that waits keeps its words."""
    return (
        form.erased
        or form.confirmed_at is None
        or ticket is None
        or ticket.state in ("resolved", "closed")
    )


def forget(
    over: Form,
    form: Form | None,
    ticket: Ticket | None,
    request: Request | None,
    number: Number | None,
    *entries: Entry | None,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """What nobody confirmed goes with its number; what was confirmed, once it is long over."""
    said: tuple[Change[Any], ...] = tuple(Change(one) for one in entries)
    kept: tuple[Change[Any], ...] = Change(ticket), Change(request), Change(number), *said
    if form is None or form.version != over.version:
        return Change(form), *kept
    if not forgettable(form, ticket):
        return Change(replace(form, wake_at=now + LATER)), *kept
    if form.confirmed_at is None or ticket is None:
        ours = number is not None and number.ticket_id == form.id
        gone = Change(None if ours else number)
        return Change(None), Change(ticket), Change(request), gone, *said
    return (
        Change(None),
        without_words(ticket),
        asked_for.without_words(request) if request else Change(None),
        Change(number),
        *(without_text(one) if one else Change(None) for one in entries),
    )
