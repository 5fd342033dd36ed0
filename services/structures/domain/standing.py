"""Where somebody stands towards a structure, and what of it opens to them. Pure."""

from dataclasses import dataclass

from kit.problems import NotFound
from services.structures.domain.structures import (
    ManagersOnly,
    Structure,
    StructureInactive,
    needs_bank_details,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One person's rights in one structure, as they were when asked for."""

    user_id: str
    attached: bool
    manages: bool


def opened(structure: Structure | None, to: Standing) -> Structure:
    """What hangs on a structure is known to those attached to it alone."""
    if structure is None or not to.attached:
        raise NotFound
    return structure


def opened_to_change(structure: Structure | None, to: Standing) -> Structure:
    known = opened(structure, to)
    if not to.manages:
        raise ManagersOnly
    # One that must have bank details gives them, with their document, before it is activated.
    if known.status != "active" and not needs_bank_details(known):
        raise StructureInactive
    return known
