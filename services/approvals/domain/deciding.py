"""Answering a question, or taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    Verdict,
)
from contracts.event import Event
from kit.change import Change
from kit.days import day_of
from kit.problems import Conflict, Forbidden, Invalid, NotFound
from services.approvals.domain.approvals import (
    FIRST_KINDS,
    Approval,
    about,
    called,
    over,
    still_open,
)
from services.approvals.domain.approvers import Approvers, Seat, who_decides
from services.approvals.domain.ended import Ended, unit_key
from services.approvals.domain.opening import opened, told_again
from services.approvals.domain.people import Person


class NotYourOwn(Forbidden):
    """Nobody decides on their own request."""


class ReasonMissing(Invalid):
    """A refusal says why."""


class DeskReasonMissing(Invalid):
    """The desk says why it decides in the place of others."""


class ApproversDecide(Conflict):
    """Somebody may decide on this: the desk does so only where nobody may."""


class RequesterGone(Conflict):
    """Whoever asked for this has no active account any more: it can only be refused."""


class StructureInactive(Conflict):
    """The structure is not active: what is asked for there can only be refused."""


class UnitsEnded(Conflict):
    """A service that this is about has ended: it can only be refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Approved, or refused with a reason."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Whoever answers."""

    user_id: str
    desk: bool = False
    """Whether an operator stands in, who has no seat."""


def decide(
    current: Approval | None,
    approvers: Approvers | None,
    requester: Person | None,
    ended: Sequence[Ended | None],
    *,
    answer: Answer,
    by: Decider,
    now: datetime,
) -> Change[Approval]:
    """Answer the question: the one way in, whoever asks and however."""
    if current is None:
        raise NotFound
    deciding = who_decides(current, approvers, on=day_of(now))
    _entitled(current, deciding, answer, by)
    given = current.state, current.decided_by, current.reason
    if given == (answer.verdict, by.user_id, answer.reason):
        return Change(current)
    still_open(current)
    if answer.verdict == "approved":
        _still_possible(current, requester, ended)
    told: tuple[Event, ...] = ()
    if not current.told:
        # Whoever hears the answer has heard the question.
        current = told_again(current)
        told = (opened(current, deciding, now=now),)
    answered = replace(
        over(current, answer.verdict, at=now), decided_by=by.user_id, reason=answer.reason
    )
    return Change(answered, (*told, _decided(answered, answer, by, now)))


def _entitled(current: Approval, deciding: Sequence[Seat], answer: Answer, by: Decider) -> None:
    if by.user_id == current.requester_id:
        raise NotYourOwn
    if by.desk:
        if not answer.reason:
            raise DeskReasonMissing(field="body/reason")
        if deciding and current.state == "requested":
            raise ApproversDecide
        return
    if all(seat.user_id != by.user_id for seat in deciding):
        raise NotFound
    if answer.verdict == "refused" and not answer.reason:
        raise ReasonMissing(field="body/reason")


def _still_possible(
    current: Approval, requester: Person | None, ended: Sequence[Ended | None]
) -> None:
    if requester and not requester.active:
        raise RequesterGone
    gone = {one.id for one in ended if one}
    if current.structure_id in gone:
        raise StructureInactive
    units = [unit for unit in current.units if unit_key(current.structure_id, unit) in gone]
    if units:
        raise UnitsEnded(units=units)


def _decided(approval: Approval, answer: Answer, by: Decider, now: datetime) -> Event:
    said: dict[str, Any] = about(approval) | {
        "verdict": answer.verdict,
        "reason": answer.reason,
        "decided_by": by.user_id,
        "decided_at": now,
        "by_desk": by.desk,
    }
    if approval.kind in FIRST_KINDS:
        return ApprovalDecided(**said)
    return ApprovalDecidedV2(**said, **called(approval))


def readable(
    current: Approval | None, approvers: Approvers | None, *, by: str, now: datetime
) -> Approval:
    """The approval, for its requester and those who may decide; for all others there is none."""
    if current is None:
        raise NotFound
    deciding = who_decides(current, approvers, on=day_of(now))
    if by not in {current.requester_id, *(seat.user_id for seat in deciding)}:
        raise NotFound
    return current
