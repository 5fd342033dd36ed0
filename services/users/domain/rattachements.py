"""What ties one user to one structure, and what it lets them do there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from contracts.users import Habilitation, RightsChanged, Role
from kit.change import Change, Entity

Defaults = Mapping[Role, tuple[Habilitation, ...]]
"""What each role may do in a new rattachement to a whole structure."""


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

    def covers(self, other: "Extent") -> bool:
        everywhere = not self.units or (bool(other.units) and set(other.units) <= set(self.units))
        return (
            everywhere and self.valid_from <= other.valid_from and other.last_day <= self.last_day
        )

    def joined(self, other: "Extent") -> "Extent | None":
        """Both in one, or None when that would also give days or units that neither has."""
        first, second = sorted((self, other), key=lambda extent: extent.valid_from)
        gap = second.valid_from.toordinal() - first.last_day.toordinal() > 1
        if gap or set(self.units) != set(other.units):
            return None
        longest = max(first, second, key=lambda extent: extent.last_day)
        return replace(first, valid_until=longest.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rattachement(Entity):
    """
    The one tie between a user and a structure, and the one place where their requests meet.

    It is never forgotten, even when it gives nothing: its version orders the rights that it tells.
    """

    user_id: str
    structure_id: str
    role: Role | None = None
    extent: Extent | None = None
    habilitations: tuple[Habilitation, ...] = ()
    may_approve: bool = True
    pending_request_id: str | None = None

    def standing(self, on: date) -> Extent | None:
        """What it gives on that day or will give later."""
        return None if self.extent is None or self.extent.ended(on) else self.extent

    def with_more(self, asked: Extent, on: date) -> Extent | None:
        """What it would give once this is granted, or None when one extent cannot say it."""
        standing = self.standing(on)
        return standing.joined(asked) if standing else asked


def rattachement_id(user_id: str, structure_id: str) -> str:
    return f"{user_id}:{structure_id}"


def nothing_yet(user_id: str, structure_id: str) -> Rattachement:
    return Rattachement(
        id=rattachement_id(user_id, structure_id), user_id=user_id, structure_id=structure_id
    )


def attach(
    current: Rattachement, *, role: Role, extent: Extent, on: date, defaults: Defaults
) -> Change[Rattachement]:
    """Give this role and extent. What still stands keeps the habilitations its managers chose."""
    kept = current.role == role and current.standing(on)
    habilitations = current.habilitations if kept else _everywhere(defaults[role], extent.units)
    attached = replace(current, role=role, extent=extent, habilitations=habilitations)
    return Change(attached, (rights_of(attached),))


def unit_ended(current: Rattachement | None, unit: str) -> Change[Rattachement]:
    """Take a unit that is over out of it; limited to that one alone, it gives nothing any more."""
    if current is None or current.extent is None:
        return Change(current)
    left = tuple(one for one in current.extent.units if one != unit)
    kept = tuple(one for one in current.habilitations if one.unit != unit)
    if (left, kept) == (current.extent.units, current.habilitations):
        return Change(current)
    if current.extent.units and not left:
        ended = replace(current, role=None, extent=None, habilitations=())
    else:
        ended = replace(current, extent=replace(current.extent, units=left), habilitations=kept)
    return Change(ended, (rights_of(ended),))


def rights_of(rattachement: Rattachement) -> RightsChanged:
    """The whole answer, numbered with the version that this change is about to get."""
    extent = rattachement.extent
    return RightsChanged(
        rattachement_id=rattachement.id,
        user_id=rattachement.user_id,
        structure_id=rattachement.structure_id,
        role=rattachement.role,
        units=extent.units if extent else (),
        habilitations=rattachement.habilitations,
        may_approve=rattachement.may_approve,
        valid_from=extent.valid_from if extent else None,
        valid_until=extent.valid_until if extent else None,
        version=rattachement.version + 1,
    )


def _everywhere(
    defaults: tuple[Habilitation, ...], units: tuple[str, ...]
) -> tuple[Habilitation, ...]:
    # A habilitation without a unit is one on the whole structure: more than was granted.
    if not units:
        return defaults
    return tuple(one.model_copy(update={"unit": unit}) for unit in units for one in defaults)
