"""
What happens while a question waits (APP-16): reminders, then escalation, and in the end expiry.

Time is counted in business days since those who may decide were asked or, while there are none,
since the question was put. Nothing here answers a question: what nobody answers expires.
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
from kit.change import Change
from kit.days import day_of
from services.approvals.domain.approvals import Approval, about
from services.approvals.domain.approvers import (
    Approvers,
    Seat,
    asked_first,
    awaited,
    who_decides,
)
from services.approvals.domain.business_days import business_days_after


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
            expires_at=business_days_after(now, ladder.expiry),
        ),
        ladder,
    )


def set_foot(current: Approval | None, *, ladder: Ladder, now: datetime) -> Change[Approval]:
    """The same for a question that waits without a time: nothing waits for ever."""
    if current is None or current.state != "requested" or current.wake_at:
        return Change(current)
    return Change(begin(current, ladder, now=now))


def blocked(approval: Approval, *, now: datetime) -> Change[Approval]:
    """Nobody may decide on it any more: that is told, and so is whoever may next."""
    waits = replace(approval, told=False, told_to=())
    return Change(waits, (missing(approval, now=now),))


def missing(approval: Approval, *, now: datetime) -> ApproverMissing:
    return ApproverMissing(
        approval_id=approval.id, structure_id=approval.structure_id, noticed_at=now
    )


def climb(
    current: Approval | None, approvers: Approvers | None, *, ladder: Ladder, now: datetime
) -> tuple[Change[Approval], Change[Approvers]]:
    """
    Take the steps whose time has come, each once.

    Steps that fell due together, as after an outage, are told as one, and the end then waits for
    another business day: nothing expires before those who decide have been reminded of it.
    """
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current), Change(approvers)
    if current.state != "requested":
        return Change(replace(current, wake_at=None)), Change(approvers)
    since, end = current.waits_since, current.expires_at
    if since is None or end is None:
        return Change(begin(current, ladder, now=now)), Change(approvers)
    due = [
        rung
        for rung in ladder.rungs
        if rung > current.rung and business_days_after(since, rung) <= now
    ]
    if not due and end <= now:
        return _expired(current, now=now), Change(approvers)
    if not due:
        return Change(_waiting(current, ladder)), Change(approvers)
    climbed = replace(
        current,
        rung=due[-1],
        escalated=current.escalated or ladder.escalation in due,
        expires_at=max(end, business_days_after(now, 1)),
    )
    waits, seats = _waiting(climbed, ladder), who_decides(current, approvers, on=day_of(now))
    if not seats:
        return blocked(waits, now=now), Change(awaited(approvers, waits, now=now))
    return Change(waits, _told(waits, seats, due=due, ladder=ladder, now=now)), Change(approvers)


def _waiting(approval: Approval, ladder: Ladder) -> Approval:
    """Until its next step."""
    since, end = approval.waits_since, approval.expires_at
    following = next((rung for rung in ladder.rungs if rung > approval.rung), None)
    if following is None or since is None or end is None:
        return replace(approval, wake_at=end)
    return replace(approval, wake_at=min(business_days_after(since, following), end))


def _told(
    approval: Approval,
    seats: tuple[Seat, ...],
    *,
    due: list[int],
    ladder: Ladder,
    now: datetime,
) -> tuple[Event, ...]:
    if approval.asked_by:
        return ()  # It is for the requester to say more.
    everyone = tuple(seat.user_id for seat in seats)
    first = asked_first(seats)
    others = everyone[len(first) :]
    told: list[Event] = []
    if ladder.escalation in due and others:
        told.append(_escalated(approval, others, now=now))
    elif approval.escalated:
        first = everyone
    if set(due) & set(ladder.reminders):
        told.append(_reminded(approval, first, now=now))
    return tuple(told)


def _reminded(approval: Approval, approvers: tuple[str, ...], *, now: datetime) -> ApprovalReminded:
    said = _to(approval, approvers) | {"business_days": approval.rung, "reminded_at": now}
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
    }


def _expired(approval: Approval, *, now: datetime) -> Change[Approval]:
    event = ApprovalExpired(**about(approval), opened_at=approval.opened_at, expired_at=now)
    # Told or not, nobody needs to hear any more that it was open.
    over = replace(
        approval, told=True, state="expired", decided_at=now, asked_by=None, wake_at=None
    )
    return Change(over, (event,))
