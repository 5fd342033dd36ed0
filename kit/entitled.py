"""What rights come to on a day. Pure: users decides by it, and every copy answers by it."""

from datetime import date
from typing import Protocol

from contracts.users import Habilitation, Line, Role
from kit.days import within

ORGANISATION = "organisation"
"""The application whose level *modification* delegates the management of a structure."""


class Held(Protocol):
    """What somebody holds in one structure."""

    @property
    def role(self) -> Role | None: ...
    @property
    def lines(self) -> tuple[Line, ...]: ...
    @property
    def habilitations(self) -> tuple[Habilitation, ...]: ...


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


def limited_to(held: Held, on: date) -> tuple[str, ...]:
    """The only units they are attached to that day; none where it is the whole structure."""
    units = [one.unit for one in lines_on(held, on)]
    return () if None in units else tuple(sorted({unit for unit in units if unit}))


def manages(held: Held, on: date) -> bool:
    """The principal manager, or a holder of Organisation modification (HAB, 8.2)."""
    return attached(held, on) and (
        held.role == "principal_manager"
        or any(
            one.application == ORGANISATION
            and one.level == "modification"
            and one.unit is None
            and within(one.valid_from, one.valid_until, on)
            for one in held.habilitations
        )
    )


def opens(held: Held, application: str, on: date) -> bool:
    """Whether an application is open to them that day, at any level, anywhere here."""
    return any(
        one.application == application and within(one.valid_from, one.valid_until, on)
        for one in held.habilitations
    )
