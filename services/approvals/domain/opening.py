"""Opening a question, and telling those who may decide on it."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from contracts.approvals import ApprovalOpened, ApproverMissing, Kind
from contracts.users import HabilitationsRequested, RattachementRequested
from kit.change import Change
from kit.days import day_of
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, Seat, next_look, who_decides
from services.approvals.domain.ladder import Ladder, begin

Question = RattachementRequested | HabilitationsRequested
KINDS: Final[dict[type[Question], Kind]] = {
    RattachementRequested: "rattachement",
    HabilitationsRequested: "habilitation",
}
"""What is put to those who decide: all of them say who asks, where, and for what."""


def open_for(
    asked: Question,
    current: Approval | None,
    approvers: Approvers | None,
    *,
    ladder: Ladder,
    now: datetime,
) -> tuple[Change[Approval], Change[Approvers]]:
    """Put the question; while nobody may answer it waits, and is never approved by itself."""
    if current:
        return Change(current), Change(approvers)
    asks = Approval(
        id=asked.request_id,
        kind=KINDS[type(asked)],
        subject_id=asked.request_id,
        requester_id=asked.user_id,
        structure_id=asked.structure_id,
        structure_identifier=asked.structure_identifier,
        structure_name=asked.structure_name,
        units=asked.units,
        comment=asked.comment,
        opened_at=asked.requested_at,
        **_what(asked),
    )
    told = tell_opened(asks, approvers, ladder=ladder, now=now)
    if told.events:
        return told, Change(approvers)
    missing = ApproverMissing(approval_id=asks.id, structure_id=asks.structure_id, noticed_at=now)
    known = approvers or Approvers(id=asked.structure_id)
    awaited = replace(known, awaited_by=asks.id, wake_at=known.wake_at or next_look(known, now))
    return Change(begin(asks, ladder, now=now), (missing,)), Change(awaited)


def _what(asked: Question) -> dict[str, Any]:
    if isinstance(asked, HabilitationsRequested):
        return {"given": asked.given, "taken": asked.taken, "list_id": asked.list_id}
    return {"valid_from": asked.valid_from, "valid_until": asked.valid_until}


def tell_opened(
    current: Approval | None, approvers: Approvers | None, *, ladder: Ladder, now: datetime
) -> Change[Approval]:
    """Tell of an approval as soon as somebody may decide on it, and only once."""
    if current is None or current.told:
        return Change(current)
    deciding = who_decides(current, approvers, on=day_of(now))
    if not deciding:
        return Change(current)
    told = begin(replace(current, told=True), ladder, now=now)
    return Change(told, (opened(current, deciding),))


def opened(approval: Approval, deciding: tuple[Seat, ...]) -> ApprovalOpened:
    return ApprovalOpened(
        approval_id=approval.id,
        kind=approval.kind,
        subject_id=approval.subject_id,
        structure_id=approval.structure_id,
        structure_name=approval.structure_name,
        requester_id=approval.requester_id,
        principal_manager_id=deciding[0].user_id if deciding[0].principal else None,
        approver_ids=tuple(seat.user_id for seat in deciding),
        opened_at=approval.opened_at,
        list_id=approval.list_id,
    )
