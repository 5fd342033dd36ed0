"""Days as the platform's users count them. Pure."""

from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

PARIS = ZoneInfo("Europe/Paris")
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(9998, 12, 31))]
"""As a request names one: it and the day after it begin at a moment that can be written."""


def day_of(moment: datetime) -> date:
    """The day it is in Europe/Paris: dates of validity are days there."""
    return moment.astimezone(PARIS).date()


def beginning_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=PARIS).astimezone(UTC)


def within(start: date | None, end: date | None, on: date) -> bool:
    """Both days included; a missing one is no limit."""
    return (start is None or start <= on) and (end is None or on <= end)
