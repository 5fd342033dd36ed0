"""Answering a question, or taking it back."""

from dataclasses import replace
from datetime import datetime

from contracts.approvals import ApprovalDecided, ApprovalWithdrawn, Verdict
from contracts.event import Event
from kit.change import Change
from kit.days import day_of
from kit.problems import Conflict, Forbidden, Invalid, NotFound
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, Seat, who_decides
from services.approvals.domain.opening import opened


class NotYourOwn(Forbidden):
    """Nobody decides on their own request."""


class ReasonMissing(Invalid):
    """A refusal says why."""


class AlreadyDecided(Conflict):
    """This approval has already been decided."""


class AlreadyWithdrawn(Conflict):
    """Whoever asked for this has withdrawn it."""


class AlreadyExpired(Conflict):
    """Nobody has answered this in time: it can be asked for again."""


class RequesterOnly(Forbidden):
    """Only whoever asked may withdraw it."""


def decide(
    current: Approval | None,
    approvers: Approvers | None,
    *,
    verdict: Verdict,
    reason: str,
    by: str,
    seat: Seat | None,
    now: datetime,
) -> Change[Approval]:
    """Answer the question: the one way in, whoever asks and however."""
    if current is None:
        raise NotFound
    if by == current.requester_id:
        raise NotYourOwn
    if seat is None or seat.user_id != by or not seat.decides(current, day_of(now)):
        raise NotFound
    if verdict == "refused" and not reason:
        raise ReasonMissing(field="body/reason")
    if (current.state, current.decided_by) == (verdict, by):
        return Change(current)
    if current.state == "withdrawn":
        raise AlreadyWithdrawn
    if current.state == "expired":
        raise AlreadyExpired
    if current.state != "requested":
        raise AlreadyDecided(verdict=current.state)
    told: tuple[Event, ...] = ()
    if not current.told:
        told = (opened(current, who_decides(current, approvers, on=day_of(now)) or (seat,)),)
    decided = ApprovalDecided(
        approval_id=current.id,
        kind=current.kind,
        subject_id=current.subject_id,
        structure_id=current.structure_id,
        requester_id=current.requester_id,
        verdict=verdict,
        reason=reason,
        decided_by=by,
        decided_at=now,
    )
    answered = replace(
        current,
        told=True,
        state=verdict,
        decided_by=by,
        decided_at=now,
        reason=reason,
        wake_at=None,
    )
    return Change(answered, (*told, decided))


def withdraw(current: Approval | None, *, by: str, now: datetime) -> Change[Approval]:
    """Take one's own question back, for as long as nobody has answered it."""
    if current is None:
        raise NotFound
    if by != current.requester_id:
        raise RequesterOnly
    if current.state == "withdrawn":
        return Change(current)
    if current.state == "expired":
        raise AlreadyExpired
    if current.state != "requested":
        raise AlreadyDecided(verdict=current.state)
    event = ApprovalWithdrawn(
        approval_id=current.id,
        kind=current.kind,
        subject_id=current.subject_id,
        structure_id=current.structure_id,
        requester_id=current.requester_id,
        withdrawn_at=now,
    )
    # Told or not, nobody needs to hear any more that it was open.
    taken_back = replace(current, told=True, state="withdrawn", decided_at=now, wake_at=None)
    return Change(taken_back, (event,))


def readable(current: Approval | None, seat: Seat | None, *, by: str, now: datetime) -> Approval:
    """The approval, for its requester and those who may decide; for all others there is none."""
    if current and (by == current.requester_id or (seat and seat.decides(current, day_of(now)))):
        return current
    raise NotFound
