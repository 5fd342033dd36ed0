"""What is told to all whom it is for in a structure: to whom it is written, and as what. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from contracts.users import Level
from kit.change import Change, Entity
from kit.problems import Conflict, NotFound
from services.notifications.domain.digests import Settled, settle
from services.notifications.domain.letters import Letter

LEASE: Final = timedelta(minutes=1)
Kind = Literal["invoice-status", "invoice-rejected", "ticket-to-answer", "ticket-to-treat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTicket:
    """What of a ticket is waited for by those of one side."""

    id: str
    number: str
    rank: int
    """Of what has happened to it."""
    news: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said, which is the same when it is said again."""

    kind: Kind
    structure_id: str
    unit: str | None = None
    supplier_id: str = ""
    """Who sent what it is about, where its readers may be a client's."""
    application: str
    level: Level | None = None
    """Of that application; None: at any."""
    invoice: str = ""
    status: str = ""
    """As it is to be read."""
    users: tuple[str, ...] = ()
    """Those alone, as far as it is for them; none means all whom it is for."""
    or_all: bool = False
    """All whom it is for, too, where it is for none of those."""
    unless: str = ""
    """Nobody, while this user is attached there: they are written to by themselves."""
    ticket: OnTicket | None = None

    @property
    def params(self) -> dict[str, str]:
        if self.ticket:
            return {"number": self.ticket.number, "news": self.ticket.news}
        return {"invoice": self.invoice, "status": self.status}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Entity):
    """Something to be told to all whom its application is open to there."""

    said: Said
    told_by: str
    told_at: datetime
    cursor: str = ""
    """Up to whom it was written to."""


class FactContradicted(Conflict):
    """You have told something else of this source under this id."""


class NoSuchNotice(NotFound):
    """You have told nothing of this source under this id."""


def tell(notice: Notice, current: Notice | None) -> Change[Notice]:
    if current is None:
        return Change(replace(notice, wake_at=notice.told_at))
    if current.said != notice.said:
        raise FactContradicted(field="body/id")
    return Change(current)


def tell_first(notice: Notice, current: Notice | None) -> Change[Notice]:
    """One stands for all that is told under its id."""
    return Change(current) if current else tell(notice, None)


def claim(current: Notice | None, now: datetime) -> Change[Notice]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def spread(
    claimed: Notice, current: Notice | None, *, cursor: str | None, now: datetime
) -> Change[Notice]:
    """These have been written to; ``cursor`` None: so have all."""
    if current is None or current.cursor != claimed.cursor or current.wake_at is None:
        return Change(current)
    if cursor is None:
        return Change(replace(current, wake_at=None))
    return Change(replace(current, cursor=cursor, wake_at=now + LEASE))


def letter_on(notice: Notice, user_id: str) -> Letter:
    said = notice.said
    return Letter(
        id=f"{notice.id}:{user_id}",
        recipient_id=user_id,
        template=said.kind,
        params=said.params,
        application=said.application,
        structure_id=said.structure_id,
        unit=said.unit,
        supplier_id=said.supplier_id,
        subject_id=said.ticket.id if said.ticket else notice.id,
        rank=said.ticket.rank if said.ticket else 0,
        created_at=notice.told_at,
    )


def withdraw(
    notice: Notice | None, current: Settled | None, *, id: str, now: datetime
) -> tuple[Change[Notice], Change[Settled]]:
    """Nobody is written to of it any more, nor finds it in a digest that has not left."""
    if notice is None:
        raise NoSuchNotice(field="body/data/notice")
    return Change(replace(notice, wake_at=None)), settle(id, current, at=now)
