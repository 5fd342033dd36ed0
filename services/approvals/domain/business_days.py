"""Business days in France, by which the patience with those who decide is counted. Pure."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from holidays.countries import France

from kit.days import PARIS

FRANCE: Final = France()
"""Mondays to Fridays but the public holidays of the whole country; those of a region are not."""


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
    return FRANCE.get_nth_working_day(day, days)
