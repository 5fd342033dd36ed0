"""
A written exchange with an agent of the support desk (SUP-03): a ticket from its first word.

Each message is an entry of its ticket, so that whatever becomes of the exchange nothing is lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import NAMESPACE_OID, uuid5

from kit.change import Change, Entity
from kit.problems import Conflict, Invalid, NotFound
from services.support.domain import acts
from services.support.domain.activity import Entry
from services.support.domain.acts import Doing
from services.support.domain.catalogue import Catalogue
from services.support.domain.clocks import Timing
from services.support.domain.contents import Content, Known
from services.support.domain.numbers import Number
from services.support.domain.promises import kept_up
from services.support.domain.reach import Reach, Side, seen, standing
from services.support.domain.table import ReadsOnly
from services.support.domain.tickets import Ticket
from services.support.domain.writing import write

MOST: Final = 200
"""Messages of one exchange; the ticket takes what comes after."""
TITLE_MOST: Final = 200

State = Literal["queued", "live", "over"]
End = Literal["closed", "nobody", "silence", "ended", "left", "settled", "handed-on"]
"""
Outside the hours of the desk; no agent came; nobody said anything; one of the two ended it; whoever
began it may no longer read it; its ticket was answered or closed; its ticket went to a recipient.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What somebody wants to talk about."""

    code: str
    label: str
    category: str
    subcategory: str
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Entity):
    """One exchange, under the id of its ticket, whose assignee is its agent."""

    theme: str
    user_id: str
    state: State
    started_at: datetime
    taken_at: datetime | None = None
    messages: int = 0
    over_at: datetime | None = None
    end: End | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat(Entity):
    """The one exchange that a user, whose id this has, has under way."""

    exchange_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What the shell knows as somebody begins one."""

    theme: Theme
    text: str
    """As HTML in which nothing acts."""
    structure_id: str | None
    patience: timedelta
    """How long somebody waits for an agent before the ticket alone is left."""
    staffed: bool
    """Whether the desk is open now."""


class UnknownTheme(Invalid):
    """There is no such theme."""


class AlreadyTalking(Conflict):
    """You have an exchange under way already."""


class ExchangeOver(Conflict):
    """This exchange is over: its ticket says what has become of it."""


class ExchangeFull(Conflict):
    """This exchange has become too long: its ticket goes on."""


class ForAgents(Invalid):
    """Only the agent who has an exchange sums up the answer."""


class NotTakenYet(Conflict):
    """No agent, or another one, has this exchange: take it first."""


Changes = tuple[Change[Exchange], Change[Ticket], Change[Entry]]


def offered(themes: Iterable[Theme]) -> tuple[Theme, ...]:
    """What one may begin an exchange about now."""
    return tuple(one for one in themes if one.active)


def question_listed(exchange: Exchange) -> bool:
    """Agents choose by the question of who waits; once one has it, reading it is noted."""
    return exchange.state == "queued"


def begin(
    exchange: Exchange | None,
    seat: Seat | None,
    ticket: Ticket | None,
    first: Entry | None,
    *claims: Number | None,
    opening: Opening,
    id: str,
    by: str,
    known: Known,
    catalogue: Catalogue,
    now: datetime,
    lost: str | None = None,
) -> tuple[Change[Any], ...]:
    """
    Open its ticket and wait for an agent; outside the desk's hours the ticket is all.

    ``lost``: the exchange that they have under way, and may no longer take part in.
    """
    if exchange is not None:
        same = Change(exchange), Change(seat), Change(ticket), Change(first)
        return *same, *(Change(claim) for claim in claims)
    if seat is not None and seat.exchange_id != lost:
        raise AlreadyTalking(exchange_id=seat.exchange_id)
    written = write(
        ticket,
        first,
        *claims,
        id=id,
        content=_content(opening),
        draft=False,
        by=by,
        known=known,
        catalogue=catalogue,
        now=now,
    )
    begun = Exchange(
        id=id,
        theme=opening.theme.code,
        user_id=by,
        state="queued",
        started_at=now,
        wake_at=now + opening.patience,
    )
    if not opening.staffed:
        return Change(_over(begun, "closed", now)), Change(None), *written
    return Change(begun), Change(Seat(id=by, exchange_id=id)), *written


def begin_instead(
    lost: Exchange | None, *current: Any, now: datetime, **said: Any
) -> tuple[Change[Any], ...]:
    """Begin one; the one under way, which they may no longer take part in, is over."""
    begun = begin(*current, now=now, lost=lost.id if lost else None, **said)
    if lost is None or lost.state == "over":
        return Change(lost), *begun
    return Change(_over(lost, "left", now)), *begun


def _content(opening: Opening) -> Content:
    return Content(
        category=opening.theme.category,
        subcategory=opening.theme.subcategory,
        title=opening.theme.label[:TITLE_MOST],
        description=opening.text,
        structure_id=opening.structure_id,
    )


def say(
    exchange: Exchange | None,
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    text: str,
    silence: timedelta,
    timing: Timing,
    by: Doing,
) -> Changes:
    """Say something: whoever began it, or the agent who has it."""
    current, about, side = _speaking(exchange, ticket, by.reach)
    if entry is not None:
        return Change(current), Change(about), Change(entry)
    if over := current.end or _settled(about):
        raise ExchangeOver(end=over)
    if side == "desk" and about.assignee_id != by.reach.user_id:
        raise NotTakenYet
    if current.messages >= MOST:
        raise ExchangeFull
    said = acts.entered("message", about, side, by, text=text)
    heard = replace(
        current,
        messages=current.messages + 1,
        wake_at=by.now + silence if current.state == "live" else current.wake_at,
    )
    noted = Change(replace(about, entries=said.rank)), Change(said)
    return Change(heard), *kept_up(about, noted, timing, now=by.now)


def take(
    exchange: Exchange | None,
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    silence: timedelta,
    by: Doing,
) -> Changes:
    """Talk to whoever waits: of two agents one is told that it is taken (SUP-39)."""
    current, about, _ = _taking_part(exchange, ticket, by.reach)
    if over := current.end or _settled(about):
        raise ExchangeOver(end=over)
    taken, noted = acts.take(about, entry, by=by)
    return Change(_with_agent(current, silence, by.now)), taken, noted


def follow(
    exchange: Exchange | None,
    seat: Seat | None,
    *,
    ticket: Ticket | None,
    silence: timedelta,
    now: datetime,
) -> tuple[Change[Exchange], Change[Seat]]:
    """
    As an act leaves its ticket: whoever has the ticket talks, and nobody once it is settled.

    What its agent leaves waits for the next one, no longer than a silence may last.
    """
    if exchange is None or ticket is None or exchange.state == "over":
        return Change(exchange), Change(seat)
    if why := _settled(ticket):
        return Change(_over(exchange, why, now)), _left(seat, exchange)
    if ticket.assignee_id:
        return Change(_with_agent(exchange, silence, now)), Change(seat)
    return Change(replace(exchange, state="queued")), Change(seat)


def end(
    exchange: Exchange | None,
    seat: Seat | None,
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    answer: str,
    timing: Timing,
    by: Doing,
) -> tuple[Change[Any], ...]:
    """
    End it; its ticket goes on.

    An agent who sums up the answer proposes it as the solution of the ticket, for its emitter to
    accept or to refuse as any other. What is over then refuses any but that: it would be lost.
    ``entry``: the one that ``answer_id`` names.
    """
    current, about, side = _speaking(exchange, ticket, by.reach)
    if answer and side == "emitter":
        raise ForAgents(field="body/answer")
    if current.state == "over":
        if answer and (entry is None or (entry.text, entry.by) != (answer, by.reach.user_id)):
            raise ExchangeOver(end=current.end)
        return Change(current), Change(seat), Change(about), Change(entry)
    if side == "desk" and about.assignee_id != by.reach.user_id:
        raise NotTakenYet
    ended = Change(_over(current, "ended", by.now)), _left(seat, current)
    if side == "desk" and answer:
        proposed = acts.write("answer", about, entry, text=answer, by=by)
        return *ended, *kept_up(about, proposed, timing, now=by.now)
    return *ended, Change(about), Change(entry)


def answer_id(exchange_id: str) -> str:
    """Of the entry that an exchange ends with: the same each time somebody asks to end it."""
    return uuid5(NAMESPACE_OID, f"{exchange_id}/answer").hex


def lapse(
    exchange: Exchange | None, seat: Seat | None, *, now: datetime
) -> tuple[Change[Exchange], Change[Seat]]:
    """No agent came, or nobody said anything for long: its ticket waits to be treated."""
    if exchange is None or exchange.state == "over":
        return Change(exchange), Change(seat)
    if exchange.wake_at is None or exchange.wake_at > now:
        return Change(exchange), Change(seat)
    why: End = "nobody" if exchange.state == "queued" else "silence"
    return Change(_over(exchange, why, now)), _left(seat, exchange)


def readable(
    exchange: Exchange | None, ticket: Ticket | None, reach: Reach
) -> tuple[Exchange, Ticket]:
    """To whoever began it, as long as the ticket is theirs to read, and to the desk."""
    current, about, _ = _taking_part(exchange, ticket, reach)
    return current, about


def _taking_part(
    exchange: Exchange | None, ticket: Ticket | None, reach: Reach
) -> tuple[Exchange, Ticket, Side]:
    about, found = seen(ticket, reach)
    began = exchange is not None and exchange.user_id == reach.user_id
    if exchange is None or not (reach.desk or began):
        raise NotFound
    return exchange, about, "emitter" if began and "emitter" in found.reads else "desk"


def _speaking(
    exchange: Exchange | None, ticket: Ticket | None, reach: Reach
) -> tuple[Exchange, Ticket, Side]:
    current, about, side = _taking_part(exchange, ticket, reach)
    if side == "emitter" and "emitter" not in standing(about, reach).acts:
        raise ReadsOnly
    return current, about, side


def _settled(ticket: Ticket) -> End | None:
    """Why there is nothing more to say, where the ticket alone tells."""
    if ticket.treated_by != "desk":
        return "handed-on"
    return "settled" if ticket.state in ("resolved", "closed") else None


def _with_agent(exchange: Exchange, silence: timedelta, now: datetime) -> Exchange:
    if exchange.state == "live":
        return exchange
    taken_at = exchange.taken_at or now
    return replace(exchange, state="live", taken_at=taken_at, wake_at=now + silence)


def _over(exchange: Exchange, why: End, now: datetime) -> Exchange:
    return replace(exchange, state="over", end=why, over_at=now, wake_at=None)


def _left(seat: Seat | None, exchange: Exchange) -> Change[Seat]:
    return Change(None if seat and seat.exchange_id == exchange.id else seat)
