"""What ties one user to one structure, and what it lets them do there."""

from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from contracts.users import Habilitation, Line, RightsChanged, Role
from kit.change import Change, Entity
from kit.problems import Conflict
from services.users.domain import lines as of_lines
from services.users.domain.held import PendingChange, Waiting, next_turn
from services.users.domain.lines import Extent, Lines, joined

MOST: Final = 3000
"""Lines and habilitations of one rattachement: at their longest, its rights can still be told."""

Defaults = Mapping[Role, tuple[Habilitation, ...]]
"""What each role may do in a new rattachement to a whole structure."""


class TooManyRights(Conflict):
    """One user cannot have so many units and habilitations in a structure: give the whole of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A line that is no more: ``ended`` with its days or its unit, or ``removed`` by somebody."""

    line: Line
    how: Literal["ended", "removed"]
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rattachement(Entity):
    """
    The one tie between a user and a structure, and the one place where their requests meet.

    It is never forgotten, even when it gives nothing: its version orders the rights that it tells.
    """

    user_id: str
    structure_id: str
    role: Role | None = None
    """None without lines, and never with some."""
    lines: Lines = ()
    habilitations: tuple[Habilitation, ...] = ()
    may_approve: bool = True
    pending_request_id: str | None = None
    waiting: tuple[Waiting, ...] = ()
    """Habilitations that are not yet in force."""
    pending_changes: tuple[PendingChange, ...] = ()
    """What the user has asked to be given and taken."""
    past: tuple[Past, ...] = ()
    """What was last taken away of each unit, and of the whole, that has no line any more."""
    blocked: tuple[str, ...] = ()
    """Of what another service asked for this user: the last told to find nobody who decides."""
    noted: date | None = None
    """The last day whose beginnings and ends have been told."""
    may_configure: bool = True
    """False: who helps to manage the structure does not open and close its espaces (ESP-07)."""
    in_line: int = 0
    """The last turn of the espaces of the structure that has reached them, as attached now."""
    extent: Extent | None = None
    """What was kept before there were lines; read as lines."""

    def __post_init__(self) -> None:
        if self.extent and not self.lines:
            object.__setattr__(self, "lines", self.extent.lines())
        object.__setattr__(self, "extent", None)
        # Follows from the rest, so that nobody who changes it can forget it.
        turns = (
            of_lines.next_turn(self.lines, self.noted),
            next_turn(self.habilitations, self.waiting),
        )
        object.__setattr__(self, "wake_at", min(filter(None, turns), default=None))

    def standing(self, on: date) -> Lines:
        """What it gives on that day or will give later."""
        return of_lines.standing(self.lines, on)

    def named_units(self) -> frozenset[str]:
        """Those that it is limited to, or gives something on, now or later."""
        held = (*self.habilitations, *(one.habilitation for one in self.waiting))
        on = (*(one.unit for one in self.lines), *(one.unit for one in held))
        return frozenset(filter(None, on))


def rattachement_id(user_id: str, structure_id: str) -> str:
    return f"{user_id}:{structure_id}"


def nothing_yet(user_id: str, structure_id: str) -> Rattachement:
    return Rattachement(
        id=rattachement_id(user_id, structure_id), user_id=user_id, structure_id=structure_id
    )


def too_many(*counted: Sized) -> bool:
    """Whether somebody would have more lines and habilitations than their rights can tell."""
    return sum(map(len, counted)) > MOST


def refuse_too_many(tie: Rattachement | None, field: str = "") -> None:
    if tie and too_many(tie.lines, tie.habilitations, tie.waiting):
        raise TooManyRights(most=MOST, field=field)


def attach(
    current: Rattachement, *, role: Role, extent: Extent, on: date, defaults: Defaults
) -> Change[Rattachement]:
    """
    Give this role, and these units and days beside those that still stand.

    What still stands keeps the habilitations its managers chose; what is new has the defaults.
    """
    stood = current.standing(on)
    goes_on = bool(stood) and current.role == role
    had = {line.unit for line in stood} if goes_on else set()
    kept = current.habilitations if goes_on else ()
    new = _on([line.unit for line in extent.lines() if line.unit not in had], defaults[role])
    lines = joined((*stood, *extent.lines()))
    attached = replace(
        current,
        role=role,
        lines=lines,
        habilitations=tuple(dict.fromkeys((*kept, *new))),
        past=_past(current, [line for line in current.lines if line not in stood], lines),
        noted=on,
        in_line=current.in_line if goes_on else 0,
    )
    return Change(attached, (rights_of(attached),))


def left_with(
    current: Rattachement,
    lines: Lines,
    *,
    how: Literal["ended", "removed"],
    comment: str = "",
) -> Rattachement:
    """Only these of its lines, and without what it may do where it has none any more."""
    gone = [line for line in current.lines if line not in lines]
    left = {line.unit for line in lines}
    lost = {line.unit for line in gone} - left

    def stays(unit: str | None) -> bool:
        here = unit is None or not left.isdisjoint({None, unit})
        return bool(lines) and unit not in lost and here

    return replace(
        _of_units(current, stays),
        role=current.role if lines else None,
        lines=lines,
        in_line=current.in_line if lines else 0,
        past=_past(current, gone, lines, how=how, comment=comment),
    )


def without_units(current: Rattachement, units: Iterable[str]) -> Rattachement:
    """Without units that are over, be it attached to them or only allowed something there."""
    over = {*units}
    left = left_with(current, of_lines.without(current.lines, over), how="ended")
    return _of_units(left, lambda unit: unit not in over)


def _of_units(current: Rattachement, stays: Callable[[str | None], bool]) -> Rattachement:
    """Without the habilitations elsewhere, those that wait included."""
    return replace(
        current,
        habilitations=tuple(one for one in current.habilitations if stays(one.unit)),
        waiting=tuple(one for one in current.waiting if stays(one.habilitation.unit)),
    )


def unit_ended(current: Rattachement | None, unit: str) -> Change[Rattachement]:
    """Take a unit that is over out of it; limited to that one alone, it gives nothing any more."""
    if current is None or not current.lines:
        return Change(current)
    left = without_units(current, [unit])
    return Change(current) if left == current else Change(left, (rights_of(left),))


def rights_of(rattachement: Rattachement) -> RightsChanged:
    """The whole answer, numbered with the version that this change is about to get."""
    return RightsChanged(
        rattachement_id=rattachement.id,
        user_id=rattachement.user_id,
        structure_id=rattachement.structure_id,
        role=rattachement.role,
        lines=rattachement.lines,
        habilitations=rattachement.habilitations,
        may_approve=rattachement.may_approve,
        version=rattachement.version + 1,
        **of_lines.as_one(rattachement.lines),
    )


def _on(
    units: Iterable[str | None], defaults: tuple[Habilitation, ...]
) -> tuple[Habilitation, ...]:
    # A habilitation without a unit is one on the whole structure: more than a unit was granted.
    return tuple(
        one if unit is None else one.model_copy(update={"unit": unit})
        for unit in units
        for one in defaults
    )


def _past(
    current: Rattachement,
    gone: Iterable[Line],
    lines: Lines,
    *,
    how: Literal["ended", "removed"] = "ended",
    comment: str = "",
) -> tuple[Past, ...]:
    last = {one.line.unit: one for one in current.past}
    last |= {line.unit: Past(line=line, how=how, comment=comment) for line in gone}
    standing = {line.unit for line in lines}
    return tuple(one for unit, one in last.items() if unit not in standing)
