"""
What happens while a question waits (APP-16): reminders, then escalation, and in the end expiry.

Time is counted in business days since those who may decide were asked or, while there are none,
since the question was put. Nothing here answers a question: what nobody answers expires.

While it is for the requester to say more, the clock of the steps stands still. That of the end
does not, or a question could be put off for ever.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.approvals import (
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalReminded,
    ApproverMissing,
)
from contracts.event import Event
from kit.business_days import (
    business_days_after,
    business_days_between,
)
from kit.change import Change
from kit.days import day_of
from services.approvals.domain.approvals import Approval, about, called, over, told_already
from services.approvals.domain.approvers import (
    Approvers,
    Seat,
    asked_first,
    awaited,
    who_decides,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The steps, each after so many business days."""

    reminders: tuple[int, ...]
    escalation: int | None
    """None: never."""
    expiry: int

    @property
    def rungs(self) -> tuple[int, ...]:
        """Every step but the last."""
        escalation = () if self.escalation is None else (self.escalation,)
        return tuple(sorted({*self.reminders, *escalation}))


def begin(approval: Approval, ladder: Ladder, *, now: datetime) -> Approval:
    """Set its foot on the ladder. What was promised about its end stays, though settings change."""
    return _waiting(
        replace(
            approval,
            waits_since=now,
            rung=0,
            stood_still=0,
            reminded=False,
            escalated=False,
            expires_at=business_days_after(now, ladder.expiry),
        ),
        ladder,
    )


def set_foot(current: Approval | None, *, ladder: Ladder, now: datetime) -> Change[Approval]:
    """The same for a question that waits without a time: nothing waits for ever."""
    if current is None or current.state != "requested" or current.wake_at:
        return Change(current)
    return Change(begin(current, ladder, now=now))


def ask_back(approval: Approval, ladder: Ladder, *, by: str, now: datetime) -> Approval:
    """It is for the requester to say more: no step falls due before they have."""
    asked_at = approval.asked_at or now
    asked = replace(approval, asked_by=by, asked_at=asked_at, reminded=False)
    return _waiting(asked, ladder)


def go_on(approval: Approval, ladder: Ladder, *, now: datetime) -> Approval:
    """The requester has said more: the steps come as if no time had passed meanwhile."""
    since, asked_at = approval.waits_since, approval.asked_at
    stood = 0
    if since and asked_at:
        begun = business_days_between(since, asked_at)
        stood = max(business_days_between(since, now) - begun, 0)
    answered = replace(
        approval,
        asked_by=None,
        asked_at=None,
        stood_still=approval.stood_still + stood,
        reminded=False,
    )
    return _waiting(answered, ladder)


def blocked(approval: Approval, *, now: datetime) -> Change[Approval]:
    """Nobody may decide on it any more: that is told, and so is whoever may next."""
    waits = replace(approval, told=False, put_to=(), told_to=())
    return Change(waits, (missing(approval, now=now),))


def missing(approval: Approval, *, now: datetime) -> ApproverMissing:
    return ApproverMissing(
        approval_id=approval.id,
        structure_id=approval.structure_id,
        noticed_at=now,
        kind=approval.kind,
        requester_id=approval.requester_id,
    )


def climb(
    current: Approval | None, approvers: Approvers | None, *, ladder: Ladder, now: datetime
) -> tuple[Change[Approval], Change[Approvers]]:
    """
    Take the steps whose time has come, each once.

    Steps that fell due together, as after an outage, are told as one. So are at the end those that
    it overtakes; the end then waits for another business day. Nothing expires before those who
    decide have been reminded of it since they were asked last.
    """
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current), Change(approvers)
    if current.state != "requested":
        return Change(replace(current, wake_at=None)), Change(approvers)
    since, end = current.waits_since, current.expires_at
    if since is None or end is None:
        return Change(begin(current, ladder, now=now)), Change(approvers)
    past = end <= now
    due = _left(current, ladder) if past else _due(current, ladder, since, now)
    seats = who_decides(current, approvers, on=day_of(now))
    if past and not due and (current.reminded or not seats):
        return _expired(current, now=now), Change(approvers)
    if not past and not due:
        return Change(_waiting(current, ladder)), Change(approvers)
    reminds = past or bool({*due} & {*ladder.reminders})
    climbed = replace(
        current,
        rung=max(due, default=current.rung),
        reminded=current.reminded or reminds,
        escalated=current.escalated or ladder.escalation in due,
        expires_at=max(end, business_days_after(now, 1)),
    )
    waits = _waiting(climbed, ladder)
    if not seats:
        return blocked(waits, now=now), Change(awaited(approvers, waits, now=now))
    escalates = waits.escalated and not current.escalated
    told = _told(waits, seats, escalates=escalates, reminds=reminds, now=now)
    if escalates:
        waits = replace(waits, put_to=tuple(seat.user_id for seat in seats), told_to=())
    return Change(waits, told), Change(approvers)


def _left(approval: Approval, ladder: Ladder) -> list[int]:
    return [rung for rung in ladder.rungs if rung > approval.rung]


def _due(approval: Approval, ladder: Ladder, since: datetime, now: datetime) -> list[int]:
    if approval.asked_by:
        return []
    left, stood = _left(approval, ladder), approval.stood_still
    return [rung for rung in left if business_days_after(since, rung + stood) <= now]


def _waiting(approval: Approval, ladder: Ladder) -> Approval:
    """Until its next step."""
    since, end = approval.waits_since, approval.expires_at
    following = next(iter(_left(approval, ladder)), None)
    if following is None or approval.asked_by or since is None or end is None:
        return replace(approval, wake_at=end)
    step = business_days_after(since, following + approval.stood_still)
    return replace(approval, wake_at=min(step, end))


def _told(
    approval: Approval,
    seats: tuple[Seat, ...],
    *,
    escalates: bool,
    reminds: bool,
    now: datetime,
) -> tuple[Event, ...]:
    everyone = tuple(seat.user_id for seat in seats)
    first = asked_first(seats)
    others = everyone[len(first) :]
    told: list[Event] = []
    if escalates and others:
        told.append(_escalated(approval, others, now=now))
    elif approval.escalated:
        first = everyone
    if escalates and not reminds:
        # Whoever has come since it was put: from then on everybody counts as told.
        known = told_already(approval)
        first = tuple(one for one in first if known and one not in known)
    if first and (reminds or escalates):
        told.append(_reminded(approval, first, now=now))
    return tuple(told)


def _reminded(approval: Approval, approvers: tuple[str, ...], *, now: datetime) -> ApprovalReminded:
    waited = business_days_between(approval.waits_since or now, now)
    said = _to(approval, approvers) | {"business_days": waited, "reminded_at": now}
    return ApprovalReminded(**said)


def _escalated(
    approval: Approval, approvers: tuple[str, ...], *, now: datetime
) -> ApprovalEscalated:
    return ApprovalEscalated(**_to(approval, approvers), escalated_at=now)


def _to(approval: Approval, approvers: tuple[str, ...]) -> dict[str, Any]:
    return about(approval) | {
        "structure_name": approval.structure_name,
        "approver_ids": approvers,
        "opened_at": approval.opened_at,
        "expires_at": approval.expires_at,
        "list_id": approval.list_id,
        "units": approval.units,
    }


def _expired(approval: Approval, *, now: datetime) -> Change[Approval]:
    said = about(approval) | called(approval)
    event = ApprovalExpired(**said, opened_at=approval.opened_at, expired_at=now)
    return Change(over(approval, "expired", at=now), (event,))
