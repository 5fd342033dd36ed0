"""A draft of changes to what a user may do in a structure: rows added, replaced, removed. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.structures import DEFAULT_UNIT
from contracts.users import Habilitation, Level
from kit.entitled import ORGANISATION
from kit.problems import Conflict
from services.users.domain.rattachements import Rattachement
from services.users.domain.requests import UnknownUnits, WrongDates
from services.users.domain.structures import Structure
from services.users.domain.units import Unit

Held = tuple[Habilitation, ...]

MANAGES: Final = Habilitation(application=ORGANISATION, level="modification")
ALREADY_HELD: Final = "L'utilisateur a déjà l'abonnement sélectionné"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What names one row: a user has each profile once on the whole, and once on each unit."""

    application: str
    level: Level
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Add:
    habilitation: Habilitation


@dataclass(frozen=True, slots=True)
class Replace:
    row: Row
    habilitation: Habilitation


@dataclass(frozen=True, slots=True)
class Remove:
    row: Row


@dataclass(frozen=True, slots=True)
class RemoveAll:
    """
    All rows that whoever says so may change; a principal manager keeps Organisation modification.
    """


Operation = Add | Replace | Remove | RemoveAll


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a draft is made: a structure, and what is known of the units that it names."""

    structure: Structure | None
    units: Mapping[str, Unit | None]

    def has(self, code: str, on: date) -> bool:
        if code == DEFAULT_UNIT and self.structure and self.structure.kind == "public":
            return True
        known = self.units.get(code)
        return known is not None and known.open(on)


Rows = dict[Row, Habilitation]


class AlreadyHeld(Conflict):
    """The user holds this profile there already."""


class NotHeld(Conflict):
    """This row is not, or no longer, among the user's habilitations."""


class PrincipalManagerKeepsOrganisation(Conflict):
    """A principal manager keeps Organisation modification for as long as he is one."""


class NotAttachedThere(Conflict):
    """The user is not attached to this unit, or not to the whole structure."""


def row_of(habilitation: Habilitation) -> Row:
    return Row(
        application=habilitation.application, level=habilitation.level, unit=habilitation.unit
    )


def ended(habilitation: Habilitation, on: date) -> bool:
    return habilitation.valid_until is not None and habilitation.valid_until < on


def held(tie: Rattachement, on: date) -> Held:
    """The rows it has that day or later; what waits stands for what it will replace."""
    rows = tie.habilitations
    if waiting := tuple(one.habilitation for one in tie.waiting):
        replaced = {row_of(one) for one in waiting}
        rows = (*(one for one in rows if row_of(one) not in replaced), *waiting)
    return tuple(one for one in rows if not ended(one, on))


def named_units(operations: Iterable[Operation]) -> tuple[str, ...]:
    """The codes of the units on which something would be given."""
    wanted = (one.habilitation for one in operations if isinstance(one, Add | Replace))
    return tuple(dict.fromkeys(one.unit for one in wanted if one.unit))


def named_rows(operations: Iterable[Operation]) -> tuple[Row, ...]:
    """The rows that are changed by name, before and after."""
    found = list[Row]()
    for one in operations:
        found += [one.row] if isinstance(one, Replace | Remove) else []
        found += [row_of(one.habilitation)] if isinstance(one, Add | Replace) else []
    return tuple(found)


def drafted(
    tie: Rattachement,
    operations: Iterable[Operation],
    place: Place,
    on: date,
    *,
    reaches: Callable[[str | None], bool] = lambda _: True,
) -> Held:
    """
    What the user would hold in the end; each operation meets what those before it left.

    ``reaches``: the units of which *all* rows are meant.
    """
    rows = {row_of(one): one for one in held(tie, on)}
    for nth, operation in enumerate(operations):
        field = f"body/operations/{nth}"
        if isinstance(operation, Add | Replace):
            _refuse_wrong_dates(operation.habilitation, on, f"{field}/profile")
            _refuse_elsewhere(operation.habilitation, tie, place, on, f"{field}/profile")
        if isinstance(operation, RemoveAll):
            beyond = {row: one for row, one in rows.items() if not reaches(row.unit)}
            rows = _kept(rows, tie) | beyond
        else:
            rows = _carried_out(operation, rows, field, _kept(rows, tie))
    return tuple(rows.values())


def without(some: Iterable[Habilitation], others: Iterable[Habilitation]) -> Held:
    gone = {*others}
    return tuple(one for one in some if one not in gone)


def _kept(rows: Rows, tie: Rattachement) -> Rows:
    """What nobody takes away."""
    principal = tie.role == "principal_manager"
    return {row: one for row, one in rows.items() if principal and one == MANAGES}


def _carried_out(operation: Add | Replace | Remove, rows: Rows, field: str, kept: Rows) -> Rows:
    left = dict(rows)
    if isinstance(operation, Remove | Replace):
        if operation.row in kept:
            raise PrincipalManagerKeepsOrganisation(field=f"{field}/row")
        if left.pop(operation.row, None) is None:
            raise NotHeld(field=f"{field}/row")
    if isinstance(operation, Add | Replace):
        row = row_of(operation.habilitation)
        if row in left:
            raise AlreadyHeld(ALREADY_HELD, field=f"{field}/profile")
        left[row] = operation.habilitation
    return left


def _refuse_wrong_dates(wanted: Habilitation, today: date, field: str) -> None:
    last = wanted.valid_until or date.max
    if last < today:
        raise WrongDates("It cannot end in the past.", field=f"{field}/valid_until")
    if wanted.valid_from and last < wanted.valid_from:
        raise WrongDates("It cannot end before it begins.", field=f"{field}/valid_until")


def _refuse_elsewhere(
    wanted: Habilitation, tie: Rattachement, place: Place, today: date, field: str
) -> None:
    """Only where the user is attached, now or later, and on a unit that there is."""
    lines = {line.unit for line in tie.standing(today)}
    if None not in lines and wanted.unit not in lines:
        raise NotAttachedThere(field=f"{field}/unit")
    if wanted.unit is not None and not place.has(wanted.unit, today):
        raise UnknownUnits(field=f"{field}/unit", unknown=[wanted.unit])
