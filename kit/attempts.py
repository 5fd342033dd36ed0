"""How often something may be tried, and how long it then stays locked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from kit.change import Change, Entity
from kit.problems import TooMany


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts(Entity):
    """
    The tries lately made on one account, from one address, or for one thing.

    A try is counted before its outcome is known, so that many at once cannot all slip in; one that
    turns out well is given back.
    """

    made: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """After ``most`` tries, none more until ``within`` has passed since the last."""

    most: int
    within: timedelta


class TooManyAttempts(TooMany):
    """Too many attempts: wait before the next one."""


def attempts_id(kind: str, value: str) -> str:
    """Says nothing of the address it is about."""
    return sha256(f"{kind}:{value}".encode()).hexdigest()


def locked_until(current: Attempts | None, limit: Limit, now: datetime) -> datetime | None:
    if current is None or len(current.made) < limit.most:
        return None
    end = current.made[-1] + limit.within
    return end if now < end else None


def attempt(current: Attempts | None, *, id: str, limit: Limit, now: datetime) -> Change[Attempts]:
    """Count one more try, or refuse it."""
    if end := locked_until(current, limit, now):
        raise TooManyAttempts(retry_after=ceil((end - now).total_seconds()))
    current = current or Attempts(id=id)
    was_locked = len(current.made) >= limit.most
    lately = () if was_locked else (at for at in current.made if now < at + limit.within)
    return Change(replace(current, made=(*lately, now), wake_at=now + limit.within))


def give_back(current: Attempts | None, made_at: datetime) -> Change[Attempts]:
    """Forget one try that turned out well, and no other."""
    if current is None or made_at not in current.made:
        return Change(current)
    made = list(current.made)
    made.remove(made_at)
    return Change(replace(current, made=tuple(made)) if made else None)


def forget(current: Attempts | None, *, now: datetime) -> Change[Attempts]:
    """Drop what no longer counts, unless somebody has tried again since."""
    due = current is None or current.wake_at is None or current.wake_at <= now
    return Change(None if due else current)
