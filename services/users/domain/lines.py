"""The units and days of a rattachement, line by line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from contracts.users import Line
from kit.days import beginning_of

DAY = timedelta(days=1)

Lines = tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Which units (none: the whole structure) and which days, the first and the last included."""

    units: tuple[str, ...] = ()
    valid_from: date
    valid_until: date | None = None

    @property
    def last_day(self) -> date:
        return self.valid_until or date.max

    def ended(self, on: date) -> bool:
        return self.last_day < on

    def lines(self) -> Lines:
        return tuple(
            Line(unit=unit, valid_from=self.valid_from, valid_until=self.valid_until)
            for unit in self.units or (None,)
        )

    def to_come(self, on: date) -> "Extent":
        """Days gone by give nothing any more, asked for or not."""
        return replace(self, valid_from=max(self.valid_from, on))


def last_day(line: Line) -> date:
    return line.valid_until or date.max


def standing(lines: Lines, on: date) -> Lines:
    """What they give on that day or will give later."""
    return tuple(line for line in lines if on <= last_day(line))


def joined(lines: Iterable[Line]) -> Lines:
    """The same days of the same units, in as few lines as can say it."""
    of: dict[str | None, list[Line]] = {}
    for line in sorted(lines, key=lambda one: one.valid_from):
        windows = of.setdefault(line.unit, [])
        if windows and _touch(windows[-1], line):
            longest = max(windows[-1], line, key=last_day)
            windows[-1] = windows[-1].model_copy(update={"valid_until": longest.valid_until})
        else:
            windows.append(line)
    whole = of.pop(None, [])
    rest = [
        line
        for windows in of.values()
        for line in windows
        if not any(_within(line, days) for days in whole)
    ]
    return (*whole, *sorted(rest, key=lambda one: (one.unit, one.valid_from)))


def cover(lines: Lines, asked: Line) -> bool:
    """Whether each of its days is given already, be it by several lines."""
    giving = (line for line in lines if line.unit is None or line.unit == asked.unit)
    days = joined(line.model_copy(update={"unit": asked.unit}) for line in giving)
    return any(_within(asked, window) for window in days)


def without(lines: Lines, units: Iterable[str]) -> Lines:
    gone = {*units}
    return tuple(line for line in lines if line.unit not in gone)


def units_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """The units they name, each once and in order."""
    return tuple(sorted({line.unit for line in lines if line.unit is not None}))


def spanning(lines: Lines) -> Extent:
    """As somebody would ask for them at once: from the first of all days to the last."""
    last = max(map(last_day, lines))
    return Extent(
        units=() if any(line.unit is None for line in lines) else units_of(lines),
        valid_from=min(line.valid_from for line in lines),
        valid_until=None if last == date.max else last,
    )


def as_one(lines: Lines) -> dict[str, Any]:
    """What whoever knows no lines may believe: no unit and no day that they do not give."""
    if not lines:
        return {}
    one = [line for line in lines if line.unit is None] or lines
    return {
        "units": units_of(one),
        "valid_from": max(line.valid_from for line in one),
        "valid_until": min((line.valid_until for line in one if line.valid_until), default=None),
    }


def next_turn(lines: Lines, noted: date | None) -> datetime | None:
    """
    The beginning of the first day after ``noted`` on which a line begins, or no longer stands.

    Beginnings of lines of which nobody noted anything are none: they began long ago.
    """
    since = noted or date.min
    begin = [line.valid_from for line in lines if noted and line.valid_from > since]
    over = [one for line in lines if since <= (one := last_day(line)) < date.max]
    day = min((*begin, *(one + DAY for one in over)), default=None)
    return beginning_of(day) if day else None


def begun(lines: Lines, noted: date | None, on: date) -> Lines:
    """Those that began after ``noted`` and still stand."""
    began = (line for line in lines if noted and noted < line.valid_from <= on)
    return standing(tuple(began), on)


def over(lines: Lines, noted: date | None, on: date) -> Lines:
    """Those whose last day has passed since ``noted``."""
    return tuple(line for line in lines if (noted or date.min) <= last_day(line) < on)


def _touch(first: Line, second: Line) -> bool:
    return second.valid_from.toordinal() - last_day(first).toordinal() <= 1


def _within(line: Line, days: Line) -> bool:
    return days.valid_from <= line.valid_from and last_day(line) <= last_day(days)
