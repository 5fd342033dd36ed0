"""What rights come to on a day. Pure: users decides by it, and every copy answers by it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple, Protocol

from contracts.users import Habilitation, Level, Line, Role
from kit.days import within

ORGANISATION = "organisation"
"""The application whose level *modification* delegates the management of a structure."""
MANAGEMENT: Final = (ORGANISATION, "modification")


class Held(Protocol):
    """What somebody holds in one structure."""

    @property
    def role(self) -> Role | None: ...
    @property
    def lines(self) -> tuple[Line, ...]: ...
    @property
    def habilitations(self) -> tuple[Habilitation, ...]: ...


class Grant(NamedTuple):
    """Why somebody may do something: both must stand."""

    line: Line
    habilitation: Habilitation | None
    """None: the principal manager's role itself."""


def lines_on(held: Held, on: date) -> tuple[Line, ...]:
    """Those that stand that day."""
    if not held.role:
        return ()
    return tuple(one for one in held.lines if within(one.valid_from, one.valid_until, on))


def attached(held: Held, on: date) -> bool:
    return bool(lines_on(held, on))


def covers(held: Held, unit: str | None, on: date) -> bool:
    """Whether they are attached to this unit that day; None asks for the whole structure."""
    return any(one.unit is None or one.unit == unit for one in lines_on(held, on))


def effective(held: Held) -> tuple[Habilitation, ...]:
    """Each habilitation within the units and the days of a line: all that it comes to."""
    if not held.role:
        return ()
    return tuple(met for one in held.habilitations for met in on_lines(one, held.lines))


def on_lines(one: Habilitation, lines: Iterable[Line]) -> tuple[Habilitation, ...]:
    """What a habilitation comes to on each of these lines, if anything."""
    return tuple(met for line in lines if (met := _met(one, line)))


def uses(held: Held, on: date) -> Iterator[tuple[str, Level, str | None]]:
    """
    The applications and levels that somebody may use that day, each with its unit or the whole.

    What ``effective`` says of one day, soon told of thousands of structures.
    """
    lines = lines_on(held, on)
    for one in held.habilitations:
        if within(one.valid_from, one.valid_until, on):
            for line in lines:
                if one.unit is None or line.unit in (None, one.unit):
                    yield one.application, one.level, one.unit or line.unit


def grant(held: Held, application: str, level: Level, unit: str | None, on: date) -> Grant | None:
    """
    What gives somebody this level of an application that day; ``unit`` None asks for the whole.

    Neither level gives the other (HAB-20).
    """
    by_role = held.role == "principal_manager" and (application, level) == MANAGEMENT
    giving = [
        one
        for one in held.habilitations
        if (one.application, one.level) == (application, level)
        and one.unit in (None, unit)
        and within(one.valid_from, one.valid_until, on)
    ]
    for line in lines_on(held, on):
        if line.unit in (None, unit) and (by_role or giving):
            return Grant(line, None if by_role else giving[0])
    return None


def gives_all_of(one: Habilitation, other: Habilitation, on: date) -> bool:
    """Whether one gives, from that day on, all that the other would."""
    return (
        (one.application, one.level) == (other.application, other.level)
        and one.unit in (None, other.unit)
        and (one.valid_from or date.min) <= max(other.valid_from or date.min, on)
        and (other.valid_until or date.max) <= (one.valid_until or date.max)
    )


def administers(held: Held, on: date) -> frozenset[str | None]:
    """
    The units whose users somebody administers that day; with None the whole structure.

    All of the principal manager's, and those on which one holds Organisation modification.
    """
    if held.role == "principal_manager":
        return frozenset(line.unit for line in lines_on(held, on))
    return frozenset(
        one.unit
        for one in effective(held)
        if (one.application, one.level) == MANAGEMENT
        and within(one.valid_from, one.valid_until, on)
    )


def limited_to(held: Held, on: date) -> tuple[str, ...]:
    """Of whoever administers users that day: their only units; none where it is the whole."""
    units = administers(held, on)
    return () if None in units else tuple(sorted(unit for unit in units if unit))


def reaches(limits: Collection[str], units: Collection[str]) -> bool:
    """Whether who decides on some units, or on the whole, decides about those; none: the whole."""
    return not limits or (bool(units) and {*units} <= {*limits})


def manages(held: Held, on: date) -> bool:
    """Who administers the whole structure also manages it (HAB, 8.2)."""
    return None in administers(held, on)


def opens(held: Held, application: str, on: date) -> bool:
    """Whether an application is open to them that day, at any level, anywhere here."""
    return any(
        one.application == application and within(one.valid_from, one.valid_until, on)
        for one in effective(held)
    )


def _met(one: Habilitation, line: Line) -> Habilitation | None:
    if one.unit is not None and line.unit is not None and one.unit != line.unit:
        return None
    first = max(one.valid_from or date.min, line.valid_from)
    last = min(one.valid_until or date.max, line.valid_until or date.max)
    if last < first:
        return None
    met = {"unit": one.unit or line.unit, "valid_from": first, "valid_until": last}
    return one.model_copy(update=met)
