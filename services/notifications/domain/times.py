"""When what may wait leaves: in the time zone of whoever reads it. Pure."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from kit.days import PARIS
from services.notifications.domain.people import Person

MONDAY: Final = 0


def next_day(person: Person, after: datetime, at: time) -> datetime:
    """The first moment after ``after`` at which it is this time where they are."""
    zone = zone_of(person)
    day = after.astimezone(zone).date()
    # Where clocks are put back or forward, the time of a day may lie before or after its own.
    while (moment := _moment(day, at, zone)) <= after:
        day += timedelta(days=1)
    return moment


def next_week(person: Person, after: datetime, at: time) -> datetime:
    """The same, of Mondays alone."""
    moment = next_day(person, after, at)
    while moment.astimezone(zone_of(person)).weekday() != MONDAY:
        moment = next_day(person, moment, at)
    return moment


def week_began(person: Person, now: datetime) -> datetime:
    """The last midnight from Sunday to Monday where they are."""
    zone = zone_of(person)
    today = now.astimezone(zone).date()
    return _moment(today - timedelta(days=today.weekday()), time(), zone)


def day_there(person: Person, moment: datetime) -> str:
    return moment.astimezone(zone_of(person)).date().isoformat()


def quiet_until(person: Person, now: datetime) -> datetime | None:
    """When the quiet hours end that it is now; None when it is not in them."""
    quiet, zone = person.wishes.quiet_hours, zone_of(person)
    if quiet is None:
        return None
    begin, end = time.fromisoformat(quiet.begin), time.fromisoformat(quiet.end)
    there = now.astimezone(zone)
    began = begin <= there.time()
    over = end <= there.time()
    # Those that pass midnight have begun yesterday, or end tomorrow.
    if not (began and not over if begin < end else began or not over):
        return None
    last = there.date() + timedelta(days=began and end <= begin)
    # Where clocks are put back, an hour of that night comes twice.
    ends = (_moment(last, end, zone), _moment(last, end.replace(fold=1), zone))
    return next((until for until in ends if until > now), None)


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def zone_of(person: Person) -> ZoneInfo:
    """Where they are; Paris, where this machine's tables do not have their time zone."""
    try:
        return ZoneInfo(person.time_zone)
    except (LookupError, ValueError, OSError):
        return PARIS
