"""Business days in France, by which the patience with those who are asked is counted. Pure."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from dateutil.easter import easter

from kit.days import PARIS

ONE_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5

FIXED: Final = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
"""Month and day of public holidays in the whole country (Code du travail, L3133-1)."""
AFTER_EASTER: Final = (1, 39, 50)
"""Days from Easter to its Monday, Ascension and Whit Monday; those of a region do not count."""


def business_days_after(start: datetime, days: int) -> datetime:
    """
    The same time of day in Europe/Paris, so many business days after the day of ``start``.

    Clocks are changed on Sundays: a business day has each time of day once.
    """
    local = start.astimezone(PARIS)
    time = local.time().replace(fold=0)
    return datetime.combine(_day_after(local.date(), days), time, tzinfo=PARIS).astimezone(UTC)


@lru_cache(maxsize=1024)
def _day_after(day: date, days: int) -> date:
    """Remembered: whatever is asked on one day waits for the same few days."""
    for _ in range(days):
        day += ONE_DAY
        while day.weekday() >= SATURDAY or day in _public_holidays(day.year):
            day += ONE_DAY
    return day


@lru_cache(maxsize=16)
def _public_holidays(year: int) -> frozenset[date]:
    sunday: date = easter(year)
    return frozenset(
        (
            *(date(year, month, day) for month, day in FIXED),
            *(sunday + timedelta(days=days) for days in AFTER_EASTER),
        )
    )
