"""Business days in France and their working hours, which patience is counted in. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from typing import Final

from dateutil.easter import easter

from kit.days import PARIS

ONE_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5

FIXED: Final = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
"""Month and day of public holidays in the whole country (Code du travail, L3133-1)."""
AFTER_EASTER: Final = (1, 39, 50)
"""Days from Easter to its Monday, Ascension and Whit Monday; those of a region do not count."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From when to when somebody works on a business day, in Europe/Paris."""

    begin: time
    end: time

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none if they are the other way round."""
        worked = timedelta()
        for opens, closes in self._from(start):
            if opens >= end:
                break
            worked += min(closes, end) - max(opens, start)
        return worked

    def after(self, start: datetime, patience: timedelta) -> datetime:
        """The first moment by which so much working time has passed since ``start``."""
        left = patience
        for opens, closes in self._from(start):
            begun = max(opens, start)
            if left <= closes - begun:
                return begun + left
            left -= closes - begun
        raise AssertionError  # There is always another day.

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The business days that are not over at ``start``, without an end, in UTC."""
        first = start.astimezone(PARIS).date()
        for days in count():
            day = first + ONE_DAY * days
            opens, closes = (self._at(one, day) for one in (self.begin, self.end))
            if is_business_day(day) and closes > start:
                yield opens, closes

    def _at(self, one: time, day: date) -> datetime:
        return datetime.combine(day, one, tzinfo=PARIS).astimezone(UTC)


def business_days_after(start: datetime, days: int) -> datetime:
    """
    The same time of day in Europe/Paris, so many business days after the day of ``start``.

    Clocks are changed on Sundays: a business day has each time of day once.
    """
    local = start.astimezone(PARIS)
    time = local.time().replace(fold=0)
    return datetime.combine(_day_after(local.date(), days), time, tzinfo=PARIS).astimezone(UTC)


def business_days_between(start: datetime, end: datetime) -> int:
    """The most for which ``business_days_after(start, days)`` has come at ``end``; 0 at least."""
    first, last = start.astimezone(PARIS), end.astimezone(PARIS)
    between = range(1, (last.date() - first.date()).days + 1)
    days = sum(is_business_day(first.date() + n * ONE_DAY) for n in between)
    return days - (business_days_after(start, days) > end) if days else 0


@lru_cache(maxsize=1024)
def _day_after(day: date, days: int) -> date:
    """Remembered: whatever is asked on one day waits for the same few days."""
    for _ in range(days):
        day += ONE_DAY
        while not is_business_day(day):
            day += ONE_DAY
    return day


def is_business_day(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in _public_holidays(day.year)


@lru_cache(maxsize=16)
def _public_holidays(year: int) -> frozenset[date]:
    sunday: date = easter(year)
    return frozenset(
        (
            *(date(year, month, day) for month, day in FIXED),
            *(sunday + timedelta(days=days) for days in AFTER_EASTER),
        )
    )
