"""Structures and units for which nothing can be approved any more: a copy of what was told."""

from dataclasses import dataclass

from contracts.structures import StructureChanged, UnitChanged, UnitEnded
from kit.change import Change, Entity
from services.approvals.domain.approvals import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Entity):
    """A structure that is not active or a unit that has ended; what is active is not kept."""


def unit_key(structure_id: str, code: str) -> str:
    return f"{structure_id}:{code}"


def keys_of(approval: Approval) -> tuple[str, ...]:
    """What has to be active for it to be approved: the structure, then each unit."""
    structure_id = approval.structure_id
    return structure_id, *(unit_key(structure_id, unit) for unit in approval.units)


def note_unit(told: UnitChanged | UnitEnded, current: Ended | None) -> Change[Ended]:
    """A unit may be activated again, and its first day may be still to come."""
    if isinstance(told, UnitEnded) or told.status != "active":
        return Change(current or Ended(id=unit_key(told.structure_id, told.code)))
    return Change(None)


def note_structure(told: StructureChanged, current: Ended | None) -> Change[Ended]:
    if told.status != "active":
        return Change(current or Ended(id=told.structure_id))
    return Change(None)
