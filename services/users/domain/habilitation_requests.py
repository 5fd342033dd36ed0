"""How a user asks for a change of their own habilitations, and what becomes of it. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from contracts.approvals import ApprovalDecided, ApprovalExpired, ApprovalWithdrawn
from contracts.users import (
    HabilitationsGranted,
    HabilitationsNotApplied,
    HabilitationsRefused,
    HabilitationsRequested,
    HabilitationsRequestExpired,
)
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid, Problem
from services.users.domain.delegation import ManagersOnly, administrator
from services.users.domain.drafts import (
    ALREADY_HELD,
    Held,
    Operation,
    Place,
    drafted,
    ended,
    held,
    row_of,
    without,
)
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitations import Submitted, applied
from services.users.domain.held import PendingChange
from services.users.domain.rattachements import MOST, Rattachement, TooManyRights, too_many

Status = Literal["requested", "granted", "refused", "not_applied", "withdrawn", "expired"]
Changes = tuple[Change["HabilitationsRequest"], Change[Rattachement], Change[Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HabilitationsRequest(Entity):
    """One request for habilitations to be given and taken, together or not at all."""

    user_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    given: Held
    taken: Held
    units: tuple[str, ...] = ()
    """Those it is about, if it is about units alone."""
    ended_unit: str | None = None
    """A unit it would give something on, if one is over since."""
    blocked: bool = False
    """Whether its requester was told that nobody may decide on it."""
    comment: str = ""
    espace: str = ""
    """What was asked for, in the older vocabulary."""
    list_id: str | None = None
    """The list it is a line of, if an espace was opened and its user did not ask."""
    status: Status
    reason: str = ""
    decided_by: str | None = None
    """Whose words the reason is."""
    requested_at: datetime
    decided_at: datetime | None = None

    @property
    def names_structure(self) -> bool:
        """Whoever asks is attached, and knows which structure it is."""
        return True


class NotAttached(Forbidden):
    """You are not attached to this structure."""


class NothingAsked(Invalid):
    """In the end this changes nothing."""


class AlreadyAsked(Conflict):
    """Another request of yours for one of these profiles still waits for its decision."""


def ask(
    current: HabilitationsRequest | None,
    tie: Rattachement | None,
    entry: Entry | None,
    place: Place,
    *,
    operations: tuple[Operation, ...],
    comment: str,
    submitted: Submitted,
) -> Changes:
    """Put it to those who decide. A principal manager's own is his to grant, and is recorded."""
    today = submitted.today
    if current:
        return Change(current), Change(tie), Change(entry)
    if tie is None or not tie.standing(today):
        raise NotAttached
    before, after = held(tie, today), drafted(tie, operations, place, today)
    given, taken = without(after, before), without(before, after)
    if not given and not taken:
        raise NothingAsked(field="body/operations")
    if given and goes_beyond(tie, given, taken, today):
        raise TooManyRights(most=MOST, field="body/operations")
    return put(tie, entry, place, given=given, taken=taken, comment=comment, submitted=submitted)


def put(
    tie: Rattachement,
    entry: Entry | None,
    place: Place,
    *,
    given: Held,
    taken: Held,
    submitted: Submitted,
    comment: str = "",
    espace: str = "",
    list_id: str | None = None,
) -> Changes:
    """Keep a request for what was found to be possible, or grant it at once."""
    if place.structure is None:
        raise NotAttached
    asked = HabilitationsRequest(
        id=submitted.id,
        user_id=tie.user_id,
        structure_id=tie.structure_id,
        structure_identifier=place.structure.identifier,
        structure_name=place.structure.legal_name,
        given=given,
        taken=taken,
        units=_only_units((*given, *taken)),
        comment=comment,
        espace=espace,
        list_id=list_id,
        status="requested",
        requested_at=submitted.at,
    )
    if tie.role == "principal_manager":
        granted = replace(asked, status="granted", decided_at=submitted.at)
        after = (*without(held(tie, submitted.today), taken), *given)
        return Change(granted), *applied(tie, after, cause="own", submitted=submitted)
    _refuse_asked_already(tie, asked)
    pending = PendingChange(request_id=asked.id, given=given, taken=taken)
    waiting = replace(tie, pending_changes=(*tie.pending_changes, pending))
    return Change(asked, (_told(asked),)), Change(waiting), Change(entry)


def goes_beyond(tie: Rattachement, given: Held, taken: Held, today: date) -> bool:
    """Whether they would have more than can be told of them, or the request itself be as large."""
    return too_many(tie.lines, without(held(tie, today), taken), given) or too_many(given, taken)


def settle(
    decided: ApprovalDecided,
    request: HabilitationsRequest | None,
    tie: Rattachement | None,
    decider: Rattachement | None,
    entry: Entry | None,
    *,
    requester_active: bool,
    espace_open: bool,
    submitted: Submitted,
) -> Changes:
    """
    Apply the first decision on a request; later ones, and those on others, say nothing.

    ``decider`` is the rattachement of whoever decided: nobody grants by an approval what they could
    not give otherwise. The desk stands in for a principal manager.
    """
    if request is None or tie is None or not _is_about(decided, request):
        return Change(request), Change(tie), Change(entry)
    freed = _freed(tie, request)
    if decided.verdict == "refused":
        return _refused(request, decided), Change(freed), Change(entry)
    obstacle = "" if espace_open else "L'espace n'est plus ouvert dans la structure."
    if not obstacle:
        obstacle = _obstacle(request, freed, submitted.today, active=requester_active)
    if not obstacle and not decided.by_desk:
        obstacle = _beyond(request, freed, decider, submitted.today)
    if obstacle:
        return _not_applied(request, decided, obstacle), Change(freed), Change(entry)
    after = (*without(held(freed, submitted.today), request.taken), *request.given)
    changed, noted = applied(freed, after, cause="approved", submitted=submitted)
    return _granted(request, decided), changed, noted


def withdraw(
    told: ApprovalWithdrawn, request: HabilitationsRequest | None, tie: Rattachement | None
) -> tuple[Change[HabilitationsRequest], Change[Rattachement]]:
    """Nobody decides on it any more, and it changes nothing."""
    if request is None or tie is None or not _is_about(told, request):
        return Change(request), Change(tie)
    withdrawn = replace(request, status="withdrawn", decided_at=told.withdrawn_at)
    return Change(withdrawn), Change(_freed(tie, request))


def expire(
    told: ApprovalExpired, request: HabilitationsRequest | None, tie: Rattachement | None
) -> tuple[Change[HabilitationsRequest], Change[Rattachement]]:
    """Nobody has decided in time: it changes nothing, and may be asked for again."""
    if request is None or tie is None or not _is_about(told, request):
        return Change(request), Change(tie)
    event = HabilitationsRequestExpired(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name,
        requested_at=request.requested_at,
        expired_at=told.expired_at,
    )
    expired = replace(request, status="expired", decided_at=told.expired_at)
    return Change(expired, (event,)), Change(_freed(tie, request))


def unit_ended(current: HabilitationsRequest | None, unit: str) -> Change[HabilitationsRequest]:
    """Note that a unit it would give something on is over, while it waits for its decision."""
    if current is None or current.status != "requested" or current.ended_unit:
        return Change(current)
    if unit not in {one.unit for one in current.given}:
        return Change(current)
    return Change(replace(current, ended_unit=unit))


def _only_units(rows: Held) -> tuple[str, ...]:
    units = dict.fromkeys(one.unit for one in rows)
    return () if None in units else tuple(unit for unit in units if unit)


def _refuse_asked_already(tie: Rattachement, asked: HabilitationsRequest) -> None:
    rows = {row_of(one) for one in (*asked.given, *asked.taken)}
    for pending in tie.pending_changes:
        if rows & {row_of(one) for one in (*pending.given, *pending.taken)}:
            raise AlreadyAsked(request_id=pending.request_id)


def _freed(tie: Rattachement, request: HabilitationsRequest) -> Rattachement:
    left = tuple(one for one in tie.pending_changes if one.request_id != request.id)
    return replace(tie, pending_changes=left)


def _is_about(
    told: ApprovalDecided | ApprovalWithdrawn | ApprovalExpired, request: HabilitationsRequest
) -> bool:
    same = (told.requester_id, told.structure_id) == (request.user_id, request.structure_id)
    return same and request.status == "requested"


def _obstacle(
    request: HabilitationsRequest, tie: Rattachement, today: date, *, active: bool
) -> str:
    """Why an approved request can no longer be applied, in words for the requester."""
    lines = {line.unit for line in tie.standing(today)}
    if not lines:
        return "Vous n'êtes plus rattaché à la structure."
    if not active:
        return "Le compte du demandeur n'est plus actif."
    if request.ended_unit:
        return f"Le service {request.ended_unit} n'est plus actif."
    if None not in lines and not {one.unit for one in request.given} <= lines:
        return "Vous n'êtes plus rattaché à tous les services concernés."
    if any(ended(one, today) for one in request.given):
        return "La période demandée est terminée."
    left = {row_of(one) for one in without(held(tie, today), request.taken)}
    if left & {row_of(one) for one in request.given}:
        return f"{ALREADY_HELD}."
    if request.given and goes_beyond(tie, request.given, request.taken, today):
        return "Ce serait trop d'habilitations pour une seule personne."
    return ""


def _beyond(
    request: HabilitationsRequest, tie: Rattachement, decider: Rattachement | None, today: date
) -> str:
    try:
        administering = administrator(decider, today)
        if not administering.decides:
            raise ManagersOnly
        administering.refuse_beyond(tie, request.given, request.taken)
    except Problem:
        return "La personne qui a accepté votre demande ne peut pas accorder ces habilitations."
    return ""


def _told(request: HabilitationsRequest) -> HabilitationsRequested:
    return HabilitationsRequested(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_identifier=request.structure_identifier,
        structure_name=request.structure_name,
        units=request.units,
        given=request.given,
        taken=request.taken,
        comment=request.comment,
        list_id=request.list_id,
        requested_at=request.requested_at,
    )


def _granted(
    request: HabilitationsRequest, decided: ApprovalDecided
) -> Change[HabilitationsRequest]:
    granted = replace(request, status="granted", decided_at=decided.decided_at)
    event = HabilitationsGranted(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name,
        given=request.given,
        taken=request.taken,
        granted_at=decided.decided_at,
    )
    return Change(granted, (event,))


def _refused(
    request: HabilitationsRequest, decided: ApprovalDecided
) -> Change[HabilitationsRequest]:
    refused = replace(
        request,
        status="refused",
        reason=decided.reason,
        decided_by=decided.decided_by,
        decided_at=decided.decided_at,
    )
    event = HabilitationsRefused(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name,
        reason=decided.reason,
        refused_at=decided.decided_at,
        decided_by=decided.decided_by,
    )
    return Change(refused, (event,))


def _not_applied(
    request: HabilitationsRequest, decided: ApprovalDecided, reason: str
) -> Change[HabilitationsRequest]:
    closed = replace(request, status="not_applied", reason=reason, decided_at=decided.decided_at)
    event = HabilitationsNotApplied(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name,
        reason=reason,
        decided_at=decided.decided_at,
    )
    return Change(closed, (event,))
