"""Who manages a structure: one principal manager at most, and never replaced in passing."""

from dataclasses import dataclass, replace
from datetime import date

from contracts.structures import StructureCreated
from kit.change import Change, Entity
from services.users.domain.lines import Extent
from services.users.domain.rattachements import Defaults, Rattachement, attach, nothing_yet
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure, is_discreet, learn


@dataclass(frozen=True, slots=True, kw_only=True)
class Management(Entity):
    """Kept from the day a structure gets its first principal manager; an imported one has none."""

    principal_manager_id: str | None = None


def appoint_creator(
    structure: Structure | None,
    management: Management | None,
    request: RattachementRequest | None,
    rattachement: Rattachement | None,
    *,
    created: StructureCreated,
    user_id: str,
    defaults: Defaults,
    on: date,
) -> tuple[
    Change[Structure], Change[Management], Change[RattachementRequest], Change[Rattachement]
]:
    """Attach whoever created the structure as its principal manager, unless it has one."""
    known = learn(created, structure)
    if management and management.principal_manager_id:
        return known, Change(management), Change(request), Change(rattachement)
    whole = Extent(valid_from=on)
    appointed = replace(
        management or Management(id=created.structure_id), principal_manager_id=user_id
    )
    attached = attach(
        rattachement or nothing_yet(user_id, created.structure_id),
        role="principal_manager",
        extent=whole,
        on=on,
        defaults=defaults,
    )
    return known, Change(appointed), Change(_as_request(created, user_id, whole)), attached


def _as_request(created: StructureCreated, user_id: str, extent: Extent) -> RattachementRequest:
    """To create a structure is to ask for it: so the list of requests shows every structure."""
    return RattachementRequest(
        id=created.structure_id,
        user_id=user_id,
        structure_id=created.structure_id,
        structure_identifier=created.identifier,
        structure_name=created.legal_name,
        structure_discreet=is_discreet(created),
        extent=extent,
        status="granted",
        requested_at=created.created_at,
        decided_at=created.created_at,
    )
