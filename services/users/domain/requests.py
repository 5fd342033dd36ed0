"""How a rattachement is asked for, and what becomes of the request."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from contracts.approvals import ApprovalDecided, ApprovalExpired, ApprovalWithdrawn
from contracts.structures import DEFAULT_UNIT
from contracts.users import (
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RattachementRequested,
    RattachementRequestExpired,
)
from kit.change import Change, Entity
from kit.problems import Conflict, Invalid, NotFound, Problem
from services.users.domain.actions import Action, done
from services.users.domain.delegation import (
    ManagersOnly,
    OutsideYourUnits,
    administrator,
    gives,
)
from services.users.domain.giving import attached, left_out
from services.users.domain.lines import Extent, cover
from services.users.domain.rattachements import (
    Defaults,
    Rattachement,
    TooManyRights,
    nothing_yet,
)
from services.users.domain.structures import Structure
from services.users.domain.units import Unit

Status = Literal["requested", "granted", "refused", "not_applied", "withdrawn", "expired"]
Changes = tuple[Change["RattachementRequest"], Change[Rattachement]]

EARLIEST = timedelta(days=366)
LATEST = timedelta(days=5 * 366)

TOO_MANY = "Ce serait trop de services pour une seule personne : demandez toute la structure."
BEYOND_THEM = "La personne qui a accepté votre demande ne peut pas accorder ce rattachement."


@dataclass(frozen=True, slots=True, kw_only=True)
class RattachementRequest(Entity):
    """One request, with the structure as it was named when asked for, and its one outcome."""

    user_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    structure_discreet: bool = False
    extent: Extent
    ended_unit: str | None = None
    """A unit it names, if one is over since: it can no longer be applied."""
    blocked: bool = False
    """Whether its requester was told that nobody may decide on it."""
    comment: str = ""
    status: Status
    reason: str = ""
    decided_by: str | None = None
    """Whose words the reason is."""
    requested_at: datetime
    decided_at: datetime | None = None

    @property
    def names_structure(self) -> bool:
        """Whether the requester may be told which structure this is."""
        return self.status == "granted" or not self.structure_discreet


class UnknownStructure(NotFound):
    """There is no such structure."""


class InactiveStructure(Conflict):
    """This structure is no longer active: nobody can be attached to it."""


class UnknownUnits(Invalid):
    """This structure has no such unit, or has it no more."""


class WrongDates(Invalid):
    """These dates of validity are not possible."""


class AlreadyRequested(Conflict):
    """Your request for this structure is still waiting for its decision."""


class AlreadyAttached(Conflict):
    """You are already attached to this structure."""


def ask(
    structure: Structure | None,
    current: RattachementRequest | None,
    rattachement: Rattachement | None,
    *units: Unit | None,
    id: str,
    user_id: str,
    extent: Extent,
    comment: str,
    today: date,
    now: datetime,
    defaults: Defaults,
) -> Changes:
    """
    Put the request to those who decide, unless another waits or it would give nothing new.

    ``units``: what is known of the units that it names, in their order.
    """
    if current:
        return Change(current), Change(rattachement)
    if structure is None:
        raise UnknownStructure("No structure has this id.", field="body/structure_id")
    if not structure.active:
        raise InactiveStructure
    refuse_unknown_units(extent, structure, units, today)
    refuse_wrong_dates(extent, today)
    tie = rattachement or nothing_yet(user_id, structure.id)
    _refuse_what_adds_nothing(extent, tie, today)
    attached(tie, extent, on=today, defaults=defaults, own=None)
    requested = RattachementRequest(
        id=id,
        user_id=user_id,
        structure_id=structure.id,
        structure_identifier=structure.identifier,
        structure_name=structure.legal_name,
        structure_discreet=structure.discreet,
        extent=extent,
        comment=comment,
        status="requested",
        requested_at=now,
    )
    return Change(requested, (_told(requested),)), Change(replace(tie, pending_request_id=id))


def settle(
    decided: ApprovalDecided,
    request: RattachementRequest | None,
    rattachement: Rattachement | None,
    structure: Structure | None,
    decider: Rattachement | None,
    *,
    requester_active: bool,
    defaults: Defaults,
    on: date,
) -> Changes:
    """
    Apply the first decision on a request; later ones, and those on others, say nothing.

    ``decider`` is the rattachement of whoever decided: nobody gives by an approval what they could
    not give otherwise. The desk stands in for a principal manager.
    """
    if request is None or request.status != "requested" or not _is_about(decided, request):
        return Change(request), Change(rattachement)
    tie = replace(
        rattachement or nothing_yet(request.user_id, request.structure_id), pending_request_id=None
    )
    if decided.verdict == "refused":
        return _refused(request, decided), Change(tie)
    if obstacle := _obstacle(request, structure, requester_active=requester_active, on=on):
        return _not_applied(request, decided, obstacle), Change(tie)
    own = None if decided.by_desk else gives(decider, on)
    try:
        if not decided.by_desk:
            _refuse_decider(decider, request, on)
        given = attached(tie, request.extent, on=on, defaults=defaults, own=own)
    except TooManyRights:
        return _not_applied(request, decided, TOO_MANY), Change(tie)
    except Problem:
        return _not_applied(request, decided, BEYOND_THEM), Change(tie)
    less = bool(left_out(own, request.extent, defaults, on))
    return _granted(request, decided, left_out=less), given


def noted(decided: ApprovalDecided, settled: Changes, action: Action | None) -> Change[Action]:
    """What is shown of a decision to those who manage, if it settled anything."""
    request, tie = settled[0].state, settled[1].state
    if request is None or tie is None or not settled[0].events or request.status == "not_applied":
        return Change(action)
    return done(
        action,
        tie,
        "granted" if request.status == "granted" else "refused",
        request.extent,
        id=decided.approval_id,
        by=decided.decided_by,
        at=decided.decided_at,
        comment=decided.reason,
    )


def withdraw(
    told: ApprovalWithdrawn, request: RattachementRequest | None, rattachement: Rattachement | None
) -> Changes:
    """Nobody decides on it any more: another may be asked for."""
    if request is None or rattachement is None or not _waits(request, rattachement, told):
        return Change(request), Change(rattachement)
    withdrawn = replace(request, status="withdrawn", decided_at=told.withdrawn_at)
    return Change(withdrawn), Change(replace(rattachement, pending_request_id=None))


def expire(
    told: ApprovalExpired, request: RattachementRequest | None, rattachement: Rattachement | None
) -> Changes:
    """Nobody has decided in time: nothing is granted, and another may be asked for."""
    if request is None or rattachement is None or not _waits(request, rattachement, told):
        return Change(request), Change(rattachement)
    event = RattachementRequestExpired(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name if request.names_structure else None,
        requested_at=request.requested_at,
        expired_at=told.expired_at,
    )
    expired = replace(request, status="expired", decided_at=told.expired_at)
    return Change(expired, (event,)), Change(replace(rattachement, pending_request_id=None))


def _waits(
    request: RattachementRequest,
    rattachement: Rattachement,
    told: ApprovalWithdrawn | ApprovalExpired,
) -> bool:
    pending = rattachement.pending_request_id == request.id
    return pending and request.status == "requested" and _is_about(told, request)


def unit_ended(current: RattachementRequest | None, unit: str) -> Change[RattachementRequest]:
    """Note that a unit it names is over, while it waits for its decision."""
    if current is None or current.status != "requested" or current.ended_unit:
        return Change(current)
    if unit not in current.extent.units:
        return Change(current)
    return Change(replace(current, ended_unit=unit))


def unknown_units(
    extent: Extent, structure: Structure, units: tuple[Unit | None, ...], today: date
) -> list[str]:
    """The codes to which nobody can be attached. ``units``: what is known of them, in order."""
    has_default = structure.kind == "public"
    return [
        code
        for code, unit in zip(extent.units, units, strict=True)
        if not (unit and unit.open(today)) and not (has_default and code == DEFAULT_UNIT)
    ]


def refuse_unknown_units(
    extent: Extent, structure: Structure, units: tuple[Unit | None, ...], today: date
) -> None:
    if unknown := unknown_units(extent, structure, units, today):
        raise UnknownUnits(field="body/units", unknown=unknown)


def refuse_wrong_dates(extent: Extent, today: date) -> None:
    if extent.valid_from < today - EARLIEST:
        raise WrongDates("It cannot begin more than a year ago.", field="body/valid_from")
    if extent.valid_from > today + LATEST:
        raise WrongDates("It cannot begin in more than five years.", field="body/valid_from")
    if extent.last_day < extent.valid_from:
        raise WrongDates("It cannot end before it begins.", field="body/valid_until")
    if extent.ended(today):
        raise WrongDates("It cannot end in the past.", field="body/valid_until")


def _refuse_what_adds_nothing(extent: Extent, tie: Rattachement, today: date) -> None:
    if tie.pending_request_id:
        raise AlreadyRequested(request_id=tie.pending_request_id)
    standing = tie.standing(today)
    if all(cover(standing, line) for line in extent.to_come(today).lines()):
        days = max((line.valid_until or date.max) for line in standing)
        raise AlreadyAttached(valid_until=None if days == date.max else days.isoformat())


def _is_about(
    told: ApprovalDecided | ApprovalWithdrawn | ApprovalExpired, request: RattachementRequest
) -> bool:
    return (told.requester_id, told.structure_id) == (request.user_id, request.structure_id)


def _obstacle(
    request: RattachementRequest, structure: Structure | None, *, requester_active: bool, on: date
) -> str:
    """Why an approved request can no longer be applied, in words for the requester."""
    if structure is None or not structure.active:
        return "La structure n'est plus active."
    if not requester_active:
        return "Le compte du demandeur n'est plus actif."
    if request.ended_unit:
        return f"Le service {request.ended_unit} n'est plus actif."
    if request.extent.ended(on):
        return "La période demandée est terminée."
    return ""


def _refuse_decider(decider: Rattachement | None, request: RattachementRequest, on: date) -> None:
    manager = administrator(decider, on)
    if not manager.decides:
        raise ManagersOnly
    for line in request.extent.lines():
        if not manager.reaches(line.unit):
            raise OutsideYourUnits(unit=line.unit)


def _told(request: RattachementRequest) -> RattachementRequested:
    return RattachementRequested(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_identifier=request.structure_identifier,
        structure_name=request.structure_name,
        units=request.extent.units,
        valid_from=request.extent.valid_from,
        valid_until=request.extent.valid_until,
        comment=request.comment,
        requested_at=request.requested_at,
    )


def _granted(
    request: RattachementRequest, decided: ApprovalDecided, *, left_out: bool
) -> Change[RattachementRequest]:
    event = RattachementGranted(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name,
        units=request.extent.units,
        valid_from=request.extent.valid_from,
        valid_until=request.extent.valid_until,
        left_out=left_out,
        granted_at=decided.decided_at,
    )
    return Change(replace(request, status="granted", decided_at=decided.decided_at), (event,))


def _refused(request: RattachementRequest, decided: ApprovalDecided) -> Change[RattachementRequest]:
    refused = replace(
        request,
        status="refused",
        reason=decided.reason,
        decided_by=decided.decided_by,
        decided_at=decided.decided_at,
    )
    event = RattachementRefused(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name if request.names_structure else None,
        reason=decided.reason,
        refused_at=decided.decided_at,
        decided_by=decided.decided_by,
    )
    return Change(refused, (event,))


def _not_applied(
    request: RattachementRequest, decided: ApprovalDecided, reason: str
) -> Change[RattachementRequest]:
    closed = replace(request, status="not_applied", reason=reason, decided_at=decided.decided_at)
    event = RattachementNotApplied(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name if request.names_structure else None,
        reason=reason,
        decided_at=decided.decided_at,
    )
    return Change(closed, (event,))
