"""How a ticket is written, sent and closed. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from contracts.structures import (
    ClientAccountOpened,
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
)
from contracts.support import TicketOpened
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid, NotFound, Unavailable

State = Literal["draft", "open", "closed"]
Act = Literal["submit", "close"]

BECOMES: Mapping[Act, Mapping[State, State]] = {
    "submit": {"draft": "open", "open": "open", "closed": "closed"},
    "close": {"open": "closed", "closed": "closed"},
}
"""What an act makes of a ticket in each state; a state that is not named refuses it."""

CANDIDATES = 8
"""Numbers tried for one ticket: with one number in ten taken, all fail once in 100 million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcategory:
    code: str
    label: str
    active: bool = True

    @property
    def needs_recipient(self) -> bool:
        """The business support answers for a structure: the ticket says which."""
        return self.label.startswith("M - ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    code: str
    label: str
    active: bool = True
    subcategories: tuple[Subcategory, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that a ticket may be filed under."""

    categories: tuple[Category, ...]

    def category(self, code: str) -> Category | None:
        found = (one for one in self.categories if one.code == code and one.active)
        return next(found, None)

    def subcategory(self, category: str, code: str) -> Subcategory | None:
        """An active sub-category, of that category only."""
        parent = self.category(category)
        listed = parent.subcategories if parent else ()
        return next((one for one in listed if one.code == code and one.active), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the emitter writes. A draft may leave any of it empty."""

    category: str = ""
    subcategory: str = ""
    title: str = ""
    description: str = ""
    structure_id: str | None = None
    recipient_structure_id: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Entity):
    """The claim of one ticket on its number, which is the claim's id."""

    ticket_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal(Entity):
    """Whether a supplier lets the people of one of its clients ask its support for help."""

    support_open: bool
    told: int = 0
    """The version that structures gave the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Entity):
    """Whether a supplier lets one of these people do so, where its support is open to them all."""

    support_open: bool
    told: int


class SupportNotOpen(Forbidden):
    """This supplier's support is not open to this client, or not to you."""


class UnknownCategory(Invalid):
    """No such category or sub-category is open to new tickets."""


class NotAttached(Invalid):
    """A ticket speaks only for a structure its emitter is attached to today."""


class Incomplete(Invalid):
    """Some fields are needed before a ticket can be sent."""


class NotADraft(Conflict):
    """Only a draft can be rewritten."""


class NotInThisState(Conflict):
    """The ticket's present state does not allow this."""


class NoNumberFree(Unavailable):
    """No free number was found: ask again, with another key."""


def numbers_for(ticket_id: str) -> tuple[str, ...]:
    """The numbers a ticket may take, best first: the same ones each time it is asked."""
    drawn = (hashlib.sha256(f"{ticket_id}/{nth}".encode()).digest() for nth in range(CANDIDATES))
    return tuple(dict.fromkeys(f"CPROCS{int.from_bytes(one) % 10_000_000:07}" for one in drawn))


def portal_id(client_id: str, supplier_id: str) -> str:
    return f"{client_id}:{supplier_id}"


def contact_id(client_id: str, supplier_id: str, user_id: str) -> str:
    return f"{client_id}:{supplier_id}:{user_id}"


def copy_portal(
    told: ClientAccountOpened | ClientPermissionsChanged, current: Portal | None
) -> Change[Portal]:
    if current and told.version < current.told:
        return Change(current)
    id = portal_id(told.structure_id, told.supplier_id)
    portal = current or Portal(id=id, support_open=True)
    return Change(replace(portal, support_open="support" in told.features, told=told.version))


def copy_contact(told: ClientContactPermissionsChanged, current: Contact | None) -> Change[Contact]:
    if current and told.version <= current.told:
        return Change(current)
    id = contact_id(told.structure_id, told.supplier_id, told.user_id)
    contact = current or Contact(id=id, support_open=True, told=0)
    return Change(replace(contact, support_open="support" in told.features, told=told.version))


def require_support(clients: Iterable[tuple[Portal | None, Contact | None]]) -> None:
    """
    ``clients``: as which clients somebody may be writing, as far as anything was told of each.

    Of several, one that is open is enough; who is no client of the recipient is refused nothing.
    """
    told = [[one.support_open for one in known if one] for known in clients]
    as_client = [known for known in told if known]
    if as_client and not any(map(all, as_client)):
        raise SupportNotOpen


def write(
    current: Ticket | None,
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
        return Change(current), *(Change(claim) for claim in claims)
    candidates = dict(zip(numbers_for(id), claims, strict=True))
    number = next((one for one, claim in candidates.items() if claim is None), None)
    if number is None:
        raise NoNumberFree
    _check(content, attached_to, catalogue)
    written = Ticket(id=id, number=number, emitter_id=by, content=content, created_at=now)
    change = Change(written) if draft else _send(written, catalogue, now)
    claimed = candidates | {number: Number(id=number, ticket_id=id)}
    return change, *(Change(claim) for claim in claimed.values())


def rewrite(
    current: Ticket | None,
    *,
    content: Content,
    by: str,
    attached_to: frozenset[str],
    catalogue: Catalogue,
) -> Change[Ticket]:
    ticket = _of(by, current)
    if ticket.state != "draft":
        raise NotADraft(state=ticket.state)
    _check(content, attached_to, catalogue)
    return Change(ticket if ticket.content == content else replace(ticket, content=content))


def submit(
    current: Ticket | None,
    *,
    by: str,
    attached_to: frozenset[str],
    catalogue: Catalogue,
    now: datetime,
) -> Change[Ticket]:
    ticket = _of(by, current)
    if _becomes(ticket, "submit") == ticket.state:
        return Change(ticket)
    # The rights of the emitter or the catalogue may have changed since the draft was kept.
    _check(ticket.content, attached_to, catalogue)
    return _send(ticket, catalogue, now)


def close(current: Ticket | None, *, by: str, now: datetime) -> Change[Ticket]:
    """The emitter needs no answer any more."""
    ticket = _of(by, current)
    state = _becomes(ticket, "close")
    return Change(ticket if state == ticket.state else replace(ticket, state=state, closed_at=now))


def readable(ticket: Ticket | None, *, by: str, operator: bool) -> Ticket:
    """The ticket, to those who may know that it exists."""
    if ticket is None or not (operator or ticket.emitter_id == by):
        raise NotFound
    return ticket


def without_words(ticket: Ticket) -> Change[Ticket]:
    """That somebody asked, about what, and when; not what they wrote: a draft is nothing else."""
    if ticket.state == "draft":
        return Change(None)
    return Change(replace(ticket, content=replace(ticket.content, title="", description="")))


def _of(emitter: str, current: Ticket | None) -> Ticket:
    return readable(current, by=emitter, operator=False)


def _becomes(ticket: Ticket, act: Act) -> State:
    if ticket.state not in BECOMES[act]:
        raise NotInThisState(state=ticket.state)
    return BECOMES[act][ticket.state]


def _check(content: Content, attached_to: frozenset[str], catalogue: Catalogue) -> None:
    """What is written must be right, even where a draft may leave it out."""
    if content.category and not catalogue.category(content.category):
        raise UnknownCategory(field="body/category")
    if content.subcategory and not catalogue.subcategory(content.category, content.subcategory):
        raise UnknownCategory(field="body/subcategory")
    if content.structure_id is not None and content.structure_id not in attached_to:
        raise NotAttached(field="body/structure_id")


def _send(ticket: Ticket, catalogue: Catalogue, now: datetime) -> Change[Ticket]:
    if missing := _missing(ticket.content, catalogue):
        errors = [{"pointer": f"/body/{name}", "detail": "This is needed."} for name in missing]
        raise Incomplete(errors=errors)
    opened = TicketOpened(
        ticket_id=ticket.id,
        number=ticket.number,
        emitter_id=ticket.emitter_id,
        structure_id=ticket.content.structure_id,
        category=ticket.content.category,
        subcategory=ticket.content.subcategory,
        opened_at=now,
    )
    return Change(replace(ticket, state=_becomes(ticket, "submit"), opened_at=now), (opened,))


def _missing(content: Content, catalogue: Catalogue) -> list[str]:
    needed = ["category", "subcategory", "title"]
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and filed.needs_recipient:
        needed.append("recipient_structure_id")
    return [name for name in needed if not getattr(content, name)]
