"""Days as the platform's users count them. Pure."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def day_of(moment: datetime) -> date:
    """The day it is in Europe/Paris: dates of validity are days there."""
    return moment.astimezone(PARIS).date()


def beginning_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=PARIS).astimezone(UTC)


def within(start: date | None, end: date | None, on: date) -> bool:
    """Both days included; a missing one is no limit."""
    return (start is None or start <= on) and (end is None or on <= end)
