"""The one clock. Decisions get the time as an argument; the shell reads it here."""

from datetime import UTC, date, datetime

from kit.days import day_of


def now() -> datetime:
    """UTC to the millisecond, as MongoDB keeps it: a state answered equals the one read later."""
    return to_the_millisecond(datetime.now(UTC))


def to_the_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def today() -> date:
    """The day of the platform's users."""
    return day_of(now())
