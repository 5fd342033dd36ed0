"""How the duplicate of a structure comes to have the manager and the rattachements of its model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.structures import StructureCreated, StructureDuplicated
from kit.change import Change, Entity
from kit.days import day_of
from services.users.domain.lines import spanning, units_of
from services.users.domain.management import Management, appoint_first
from services.users.domain.rattachements import (
    Defaults,
    Rattachement,
    nothing_yet,
    rights_of,
    without_units,
)
from services.users.domain.requests import Changes, RattachementRequest
from services.users.domain.structures import Structure
from services.users.domain.transfers import ManagementMoved
from services.users.domain.units import Unit

LEASE: Final = timedelta(minutes=1)
_REQUESTS: Final = UUID("3c1f7c7e-3a53-4b0e-9d2b-6f4c1f0f2b8e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplication(Entity):
    """
    How far a duplicate, whose id this has, has come to have the people of its model.

    Never forgotten: told again, it is not begun again.
    """

    model_id: str
    at: datetime
    appoints: bool = False
    """Whether its principal manager is still to be found: structures did not name the model's."""
    copies: bool = True
    """Whether the rattachements are copied, as is told after that it was created."""
    after: str = ""
    """The last rattachement that was dealt with."""


def begin(told: StructureDuplicated, current: Duplication | None) -> Change[Duplication]:
    if not told.users or (current and current.copies):
        return Change(current)
    at = told.duplicated_at
    begun = current or Duplication(id=told.structure_id, model_id=told.model_id, at=at)
    return Change(replace(begun, copies=True, wake_at=at))


def manager_to_be_found(
    created: StructureCreated,
    current: Duplication | None,
    of_model: Management | None,
    management: Management | None,
) -> Change[Duplication] | None:
    """
    Begin to find out who manages the model of a duplicate.

    None where that is known: whom structures named does, or the duplicate has somebody already.
    Structures hears of a transfer after it was made here, and may have named who managed it before.
    """
    if management and management.principal_manager_id:
        return None
    named = created.created_by
    if named and of_model and of_model.principal_manager_id == named:
        return None
    if current or created.duplicate_of is None:
        return Change(current)
    begun = Duplication(
        id=created.structure_id,
        model_id=created.duplicate_of,
        at=created.created_at,
        appoints=True,
        copies=False,
        wake_at=created.created_at,
    )
    return Change(begun)


def appoint_the_models(
    current: Duplication | None,
    of_model: Management | None,
    structure: Structure | None,
    *states: Any,
    user_id: str | None,
    defaults: Defaults,
) -> tuple[Change[Any], ...]:
    """
    Appoint whoever manages the model now, found to be ``user_id``, unless it has somebody already.

    ``states``: what ``appoint_first`` decides on, beside the structure. Raises ManagementMoved
    when it is somebody else meanwhile.
    """
    unchanged = tuple(map(Change, states))
    if current is None or not current.appoints:
        return Change(current), *unchanged
    if (of_model.principal_manager_id if of_model else None) != user_id:
        raise ManagementMoved
    wake_at = current.wake_at if current.copies else None
    found = Change(replace(current, appoints=False, wake_at=wake_at))
    if user_id is None:
        return found, *unchanged
    return found, *appoint_first(
        structure,
        *states,
        user_id=user_id,
        defaults=defaults,
        at=current.at,
        on=day_of(current.at),
    )


def claim(current: Duplication | None, now: datetime) -> Change[Duplication]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def dealt_with(current: Duplication | None, *, after: str, now: datetime) -> Change[Duplication]:
    """Whoever else deals with it may be further on already."""
    if current is None or current.wake_at is None or current.after >= after:
        return Change(current)
    return Change(replace(current, after=after, wake_at=now + LEASE))


def end(current: Duplication | None) -> Change[Duplication]:
    return Change(current and replace(current, wake_at=None))


def copied_request_id(structure_id: str, user_id: str) -> str:
    return uuid5(_REQUESTS, f"{user_id}:{structure_id}").hex


def named_units(source: Rattachement) -> tuple[str, ...]:
    """The codes of the units that it is limited to, or gives something on."""
    of_habilitations = (one.unit for one in source.habilitations if one.unit)
    return tuple(dict.fromkeys((*units_of(source.lines), *of_habilitations)))


def copy(
    source: Rattachement | None,
    request: RattachementRequest | None,
    tie: Rattachement | None,
    structure: Structure | None,
    units: Mapping[str, Unit | None],
    *,
    at: datetime,
    on: date,
) -> Changes:
    """
    Attach to the duplicate whoever is attached to its model, with the same units, days and rights.

    But as a user: whoever was to be its principal manager is so already. ``units``: what is known
    of those of the duplicate that have the codes it names; what is over, or is not there, gives
    nothing.
    A request that was copied once is never copied again, or who was detached since would come back.
    """
    stands = tie is not None and tie.standing(on)
    if request or stands or source is None or structure is None:
        return Change(request), Change(tie)
    attached = replace(
        tie or nothing_yet(source.user_id, structure.id),
        role="user",
        lines=source.standing(on),
        habilitations=source.habilitations,
        may_approve=source.may_approve,
        noted=on,
    )
    lost = [code for code in named_units(source) if (unit := units.get(code)) is None or unit.over]
    attached = without_units(attached, lost) if lost else attached
    if not attached.lines:
        return Change(request), Change(tie)
    granted = RattachementRequest(
        id=copied_request_id(structure.id, source.user_id),
        user_id=source.user_id,
        structure_id=structure.id,
        structure_identifier=structure.identifier,
        structure_name=structure.legal_name,
        structure_discreet=structure.discreet,
        extent=spanning(attached.lines),
        status="granted",
        requested_at=at,
        decided_at=at,
    )
    return Change(granted), Change(attached, (rights_of(attached),))
