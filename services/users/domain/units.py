"""What users knows of the units of structures: a copy of what the structures service told."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from contracts.structures import UnitChanged, UnitCreated, UnitEnded
from kit.change import Change, Entity
from kit.days import day_of

Told = UnitCreated | UnitChanged | UnitEnded

TAKING_AWAY_LASTS = timedelta(minutes=1)
"""After that, whoever was taking away what a unit gave is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Entity):
    """
    As much of a unit as it takes to be asked for.

    ``wake_at`` is set from the moment it is over until nothing is limited to it any more.
    """

    structure_id: str
    code: str
    name: str = ""
    """As it was last told; unknown of units kept before it was asked for."""
    over: bool
    valid_until: date | None = None
    told: int
    """The version that structures gave this state."""

    def open(self, on: date) -> bool:
        """Whether one may still be attached to it, be it for days to come."""
        return not self.over and (self.valid_until is None or on <= self.valid_until)


def known_unit_id(structure_id: str, code: str) -> str:
    return f"{structure_id}:{code}"


def learn(fact: Told, current: Unit | None) -> Change[Unit]:
    """Keep what was told last; what a unit gave begins to be taken away once it is over."""
    if current and current.told >= fact.version:
        return Change(current)
    at = _moment(fact)
    over = fact.status != "active" or isinstance(fact, UnitEnded) or _past(fact, at)
    wake_at = current.wake_at if current and current.over else at
    unit = Unit(
        id=known_unit_id(fact.structure_id, fact.code),
        version=current.version if current else 0,
        wake_at=wake_at if over else None,
        structure_id=fact.structure_id,
        code=fact.code,
        name=fact.name if not isinstance(fact, UnitEnded) else current.name if current else "",
        over=over,
        valid_until=fact.valid_until,
        told=fact.version,
    )
    return Change(unit)


def begin(current: Unit | None, now: datetime) -> Change[Unit]:
    """Begin to take away what it gave, for as long as somebody alive takes."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + TAKING_AWAY_LASTS))


def done(begun: Unit, current: Unit | None) -> Change[Unit]:
    """Nothing is limited to it any more, unless it was active again and ended once more since."""
    if current is None or (current.over and current.told != begun.told):
        return Change(current)
    return Change(replace(current, wake_at=None))


def _moment(fact: Told) -> datetime:
    if isinstance(fact, UnitCreated):
        return fact.created_at
    return fact.changed_at if isinstance(fact, UnitChanged) else fact.ended_at


def _past(fact: Told, at: datetime) -> bool:
    return fact.valid_until is not None and fact.valid_until < day_of(at)
