"""The units of a structure: what may happen to one, and on which days it is active. Pure."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from contracts.structures import (
    DEFAULT_UNIT,
    Requires,
    UnitChanged,
    UnitCreated,
    UnitEnded,
    UnitStatus,
)
from kit.change import Change, Entity
from kit.days import beginning_of, day_of, within
from kit.problems import Conflict, Forbidden, Invalid, NotFound
from services.structures.domain.pending import Pending, due, propose
from services.structures.domain.structures import Address, Structure, StructureInactive

Phase = Literal["to_come", "in_force", "over"]
What = Literal[
    "created", "modified", "took_effect", "began", "expired", "activated", "deactivated", "deleted"
]
Changes = tuple[Change["Unit"], Change[Structure]]

_UNITS: Final = UUID("0f6a3f0e-55b5-4c0b-8f4e-8a4f2f6f5a3c")
_DEFAULT_NAME: Final = "Service des factures publiques"
_HISTORY_MOST: Final = 100
# Who sends to the unit names it: where one of the two was enough, that one is given.
_WITH_ENGAGEMENT: Final[dict[Requires, Requires]] = {
    "none": "engagement",
    "engagement": "engagement",
    "unit": "unit_and_engagement",
    "unit_or_engagement": "unit_and_engagement",
    "unit_and_engagement": "unit_and_engagement",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What may be modified of a unit."""

    name: str
    description: str = ""
    address: Address | None = None
    valid_from: date
    valid_until: date | None = None
    """The last day, included; None is for ever."""
    engagement_required: bool = False
    """Who sends to this unit gives an engagement number, even where its structure asks for none."""
    payment_status_exposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a unit's history; nobody did what came with its day."""

    at: datetime
    what: What
    by: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Entity):
    """A part of a structure that things can be sent to."""

    structure_id: str
    code: str
    details: Details
    pending: Pending[Details] | None = None
    status: UnitStatus = "active"
    activation: Pending[UnitStatus] | None = None
    """One that waits, of a unit that is inactive until then."""
    noted: Phase
    """Where it stood in its validity when it was last looked at; what was told rests on it."""
    created_at: datetime
    deleted_at: datetime | None = None
    history: tuple[Entry, ...] = ()
    """The last hundred things that happened to it, the newest last."""

    def phase(self, on: date) -> Phase:
        if self.status != "active":
            return "over"
        if on < self.details.valid_from:
            return "to_come"
        return (
            "in_force" if within(self.details.valid_from, self.details.valid_until, on) else "over"
        )

    def active(self, on: date) -> bool:
        """Whether things may be sent to it on this day."""
        return self.phase(on) == "in_force"


class NotYoursToConsult(Forbidden):
    """The units of a private structure are for those attached to it."""


class UnitCodeTaken(Conflict):
    """This structure has, or had, a unit with this code."""


class CodeReserved(Invalid):
    """This code is the one of the default unit of public structures."""


class CodeNeverChanges(Invalid):
    """The code of a unit never changes: create another unit."""


class WrongValidity(Invalid):
    """These dates of validity are not possible."""


class DefaultUnitStays(Conflict):
    """Every public structure has this unit, as it is: it can be neither changed nor deleted."""


class UnitDeleted(Conflict):
    """This unit was deleted: only its history is left."""


def requires(unit: Unit, structure: Structure) -> Requires:
    """What who sends to this unit must name: what its structure asks of all, and what it adds."""
    asked = structure.flags.requires
    return _WITH_ENGAGEMENT[asked] if unit.details.engagement_required else asked


def unit_id(structure_id: str, code: str) -> str:
    """The id of the only unit that may bear this code, however it is spelled."""
    return uuid5(_UNITS, f"{structure_id}:{code.casefold()}").hex


def default_unit(structure: Structure) -> Unit | None:
    """The unit that a public structure has from its first day on; it is kept nowhere."""
    if structure.kind != "public":
        return None
    return Unit(
        id=unit_id(structure.id, DEFAULT_UNIT),
        structure_id=structure.id,
        code=DEFAULT_UNIT,
        details=Details(name=_DEFAULT_NAME, valid_from=day_of(structure.created_at)),
        noted="in_force",
        created_at=structure.created_at,
    )


def create(
    unit: Unit | None,
    structure: Structure | None,
    *,
    code: str,
    details: Details,
    by: str,
    now: datetime,
) -> Changes:
    if structure is None:
        raise NotFound
    _refuse_inactive(structure)
    if code.casefold() == DEFAULT_UNIT.casefold():
        raise CodeReserved(field="body/code")
    if unit:
        raise UnitCodeTaken(unit_id=unit.id, unit_status=unit.status, field="body/code")
    _refuse_wrong_validity(details)
    if details.valid_until and details.valid_until < day_of(now):
        raise WrongValidity("It cannot end in the past.", field="body/valid_until")
    made = Unit(
        id=unit_id(structure.id, code),
        structure_id=structure.id,
        code=code,
        details=details,
        noted="to_come",
        created_at=now,
    )
    return _noted(None, made, Entry(at=now, what="created", by=by)), Change(structure)


def carry_over(
    unit: Unit | None, known: Unit | None, *, to_structure: str, by: str, now: datetime
) -> Change[Unit]:
    """The same unit in the duplicate of its structure, with a history of its own."""
    if known or unit is None or unit.phase(day_of(now)) == "over":
        return Change(known)
    made = Unit(
        id=unit_id(to_structure, unit.code),
        structure_id=to_structure,
        code=unit.code,
        details=unit.details,
        noted="to_come",
        created_at=now,
    )
    return _noted(None, made, Entry(at=now, what="created", by=by))


def modify(
    unit: Unit | None,
    structure: Structure | None,
    *,
    id: str,
    code: str | None,
    details: Details,
    by: str,
    after: timedelta,
    now: datetime,
) -> Changes:
    """Replace what may be modified, ``after`` so long; at once if that takes days away."""
    unit, structure = _standing(unit, structure, id)
    _refuse_inactive(structure)
    if code is not None and code != unit.code:
        raise CodeNeverChanges(field="body/code")
    _refuse_wrong_validity(details)
    after = timedelta(0) if _narrower(details, unit.details) else after
    in_force, pending = propose(unit.details, unit.pending, details, after=after, now=now)
    known = unit.pending.then if unit.pending else unit.details
    entry = Entry(at=now, what="modified", by=by, fields=_different(known, details))
    modified = replace(unit, details=in_force, pending=pending)
    return _noted(unit, modified, entry), Change(structure)


def activate(
    unit: Unit | None,
    structure: Structure | None,
    *,
    id: str,
    by: str,
    after: timedelta,
    now: datetime,
) -> Changes:
    """Have it be active again, on its days of validity: at once or ``after`` so long."""
    unit, structure = _standing(unit, structure, id)
    _refuse_inactive(structure)
    status, waits = propose(unit.status, unit.activation, "active", after=after, now=now)
    entry = Entry(at=now, what="activated", by=by)
    return _noted(unit, replace(unit, status=status, activation=waits), entry), Change(structure)


def deactivate(
    unit: Unit | None, structure: Structure | None, *, id: str, by: str, now: datetime
) -> Changes:
    """At once, whatever modifications wait: what was given through it is taken away."""
    unit, structure = _standing(unit, structure, id)
    entry = Entry(at=now, what="deactivated", by=by)
    inactive = replace(unit, status="inactive", activation=None)
    return _noted(unit, inactive, entry), Change(structure)


def delete(
    unit: Unit | None, structure: Structure | None, *, id: str, by: str, now: datetime
) -> Changes:
    """For good; its code is never given again, so that what once named it still names it alone."""
    unit, structure = _known(unit, structure, id)
    if unit.status == "deleted":
        return Change(unit), Change(structure)
    entry = Entry(at=now, what="deleted", by=by)
    deleted = replace(unit, status="deleted", deleted_at=now, pending=None, activation=None)
    return _noted(unit, deleted, entry), Change(structure)


def wake(unit: Unit | None, *, now: datetime) -> Change[Unit]:
    """Do what its hour has come for: a change takes effect, its validity begins or ends."""
    if unit is None or unit.wake_at is None or unit.wake_at > now:
        return Change(unit)
    details, pending = due(unit.details, unit.pending, now)
    status, activation = due(unit.status, unit.activation, now)
    what: What = "began" if unit.noted == "to_come" else "expired"
    if (details, status) != (unit.details, unit.status):
        what = "took_effect"
    entry = Entry(at=now, what=what, fields=_different(unit.details, details))
    awake = replace(unit, details=details, pending=pending, status=status, activation=activation)
    return _noted(unit, awake, entry)


def _noted(before: Unit | None, unit: Unit, entry: Entry) -> Change[Unit]:
    """Keep and tell what it has become, and when to look at it again; nothing if it is the same."""
    today = day_of(entry.at)
    unit = replace(unit, noted=unit.phase(today))
    unit = replace(unit, wake_at=_next_look(unit))
    if unit == before:
        return Change(before)
    unit = replace(unit, history=(*unit.history, entry)[-_HISTORY_MOST:])
    return Change(unit, _facts(before, unit, entry.at))


def _next_look(unit: Unit) -> datetime | None:
    """When a change that waits takes effect, or the next day its validity begins or ends."""
    waits = (unit.pending, unit.activation)
    moments = [one.effective_at for one in waits if one]
    if unit.noted == "to_come":
        moments.append(beginning_of(unit.details.valid_from))
    elif unit.noted == "in_force" and unit.details.valid_until:
        moments.append(beginning_of(unit.details.valid_until + timedelta(days=1)))
    return min(moments, default=None)


def _facts(
    before: Unit | None, unit: Unit, now: datetime
) -> tuple[UnitCreated | UnitChanged | UnitEnded, ...]:
    if before is None:
        return (UnitCreated(**_told(unit), created_at=now),)
    over = unit.noted == "over" and before.noted != "over"
    ended = over or (unit.status == "deleted" and before.status != "deleted")
    moved = (unit.status, unit.noted) != (before.status, before.noted)
    changed = unit.details != before.details or (moved and not ended)
    facts: list[UnitChanged | UnitEnded] = []
    if changed:
        facts.append(UnitChanged(**_told(unit), changed_at=now))
    if ended:
        facts.append(
            UnitEnded(
                unit_id=unit.id,
                structure_id=unit.structure_id,
                code=unit.code,
                status=unit.status,
                valid_from=unit.details.valid_from,
                valid_until=unit.details.valid_until,
                version=unit.version + 1,
                ended_at=now,
            )
        )
    return tuple(facts)


def _told(unit: Unit) -> dict[str, Any]:
    return {
        "unit_id": unit.id,
        "structure_id": unit.structure_id,
        "code": unit.code,
        "name": unit.details.name,
        "status": unit.status,
        "active": unit.noted == "in_force",
        "valid_from": unit.details.valid_from,
        "valid_until": unit.details.valid_until,
        "engagement_required": unit.details.engagement_required,
        "payment_status_exposed": unit.details.payment_status_exposed,
        "version": unit.version + 1,
    }


def _standing(unit: Unit | None, structure: Structure | None, id: str) -> tuple[Unit, Structure]:
    """The unit, if something may still happen to it."""
    known, its_structure = _known(unit, structure, id)
    if known.status == "deleted":
        raise UnitDeleted
    return known, its_structure


def _known(unit: Unit | None, structure: Structure | None, id: str) -> tuple[Unit, Structure]:
    if structure is None:
        raise NotFound
    default = default_unit(structure)
    if default and default.id == id:
        raise DefaultUnitStays
    if unit is None or unit.structure_id != structure.id:
        raise NotFound
    return unit, structure


def _refuse_inactive(structure: Structure) -> None:
    if structure.status != "active":
        raise StructureInactive


def _refuse_wrong_validity(details: Details) -> None:
    if details.valid_until and details.valid_until < details.valid_from:
        raise WrongValidity("It cannot end before it begins.", field="body/valid_until")


def _narrower(one: Details, other: Details) -> bool:
    """Whether it is valid on fewer days than the other at the beginning or at the end."""
    last, other_last = (each.valid_until or date.max for each in (one, other))
    return one.valid_from > other.valid_from or last < other_last


def _different(one: Details, other: Details) -> tuple[str, ...]:
    names = (field.name for field in fields(Details))
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))
