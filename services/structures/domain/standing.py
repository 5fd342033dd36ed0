"""Where somebody stands towards a structure, and what of it opens to them. Pure."""

from dataclasses import dataclass

from kit.problems import Conflict, Forbidden, NotFound
from services.structures.domain.structures import Structure


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One person's rights in one structure, as they were when asked for."""

    user_id: str
    attached: bool
    manages: bool


class ManagersOnly(Forbidden):
    """Only those who manage this structure may do this."""


class StructureInactive(Conflict):
    """This structure is inactive: nothing about it can be changed."""


def opened(structure: Structure | None, to: Standing) -> Structure:
    """What hangs on a structure is known to those attached to it alone."""
    if structure is None or not to.attached:
        raise NotFound
    return structure


def opened_to_change(structure: Structure | None, to: Standing) -> Structure:
    known = opened(structure, to)
    if not to.manages:
        raise ManagersOnly
    if known.status != "active":
        raise StructureInactive
    return known
