"""The weekly recap of movements: who gets one when, and of what. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final

from contracts.users import PersonChanged
from kit.change import Change
from services.notifications.domain.letters import Letter, Moved
from services.notifications.domain.people import Person, copy_person
from services.notifications.domain.times import day_there, next_week, week_began

LEASE: Final = timedelta(minutes=2)
WEEK: Final = timedelta(days=7)
MOST_LINES: Final = 200
"""In one letter: somebody may be attached to thousands of structures."""


def follow_person(
    event: PersonChanged, current: Person | None, *, now: datetime, at: time
) -> Change[Person]:
    """Copy a person; whoever wishes for recaps is looked at on Mondays at this time there."""
    copied = copy_person(event, current).state
    if copied is None or copied == current:
        return Change(current)
    if not wished(copied):
        return Change(replace(copied, wake_at=None, recapped_until=None))
    monday = next_week(copied, now, at)
    # One that is due, or under way, is not put off.
    wake_at = min(copied.wake_at or monday, monday)
    return Change(replace(copied, wake_at=wake_at, recapped_until=copied.recapped_until or now))


def wished(person: Person) -> bool:
    wishes = person.wishes
    return person.active and wishes.weekly_recap and wishes.rhythm != "never"


def claim(current: Person | None, now: datetime) -> Change[Person]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def window(person: Person, now: datetime) -> tuple[datetime, datetime]:
    """From the end of the last recap to the end of last week, where they are."""
    until = week_began(person, now)
    return person.recapped_until or until - WEEK, until


def recap(
    person: Person, moved: Sequence[Moved], *, since: datetime, until: datetime, now: datetime
) -> Letter:
    """Known by where it begins: two may end on the same day, of whoever has gone west."""
    params = {"last_day": day_there(person, until - timedelta(seconds=1))}
    more = len(moved) - MOST_LINES
    return Letter(
        id=f"{person.id}:recap:{since:%Y%m%dT%H%M%S%f}",
        recipient_id=person.id,
        template="recap",
        params=params | {"more": str(more)} if more > 0 else params,
        movements=tuple(moved[:MOST_LINES]),
        created_at=now,
    )


def still_seen(movements: Iterable[Moved], structure_ids: Collection[str]) -> tuple[Moved, ...]:
    """Those in structures that their reader is attached to; of old ones it is not known where."""
    return tuple(
        one for one in movements if not one.structure_id or one.structure_id in structure_ids
    )


def recapped(
    claimed: Person, current: Person | None, *, until: datetime, now: datetime, at: time
) -> Change[Person]:
    """Up to here they were told, or there was nothing to tell."""
    if current is None or current.wake_at != claimed.wake_at:
        return Change(current)
    last = max(filter(None, (current.recapped_until, until)))
    return Change(replace(current, recapped_until=last, wake_at=next_week(current, now, at)))
