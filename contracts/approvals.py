"""What the approvals service tells. Topic: approvals.events."""

from typing import Literal

from pydantic import AwareDatetime

from contracts.event import Event, Gathered, PersonalText

Kind = Literal["rattachement", "habilitation"]
Verdict = Literal["approved", "refused"]


class ApprovalOpened(
    Event, type="approvals.approval-opened.v1", key="approval_id", audience="public"
):
    """A question is put to those who decide for a structure. It is told once it has approvers."""

    approval_id: str
    kind: Kind
    subject_id: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    principal_manager_id: str | None
    approver_ids: tuple[str, ...]
    opened_at: AwareDatetime


class ApproverMissing(
    Event, type="approvals.approver-missing.v1", key="approval_id", audience="public"
):
    """Nobody may decide on this question: it waits, and never counts as approved."""

    approval_id: str
    structure_id: str
    noticed_at: AwareDatetime


class ApprovalDecided(
    Event, type="approvals.approval-decided.v1", key="approval_id", audience="public"
):
    """Somebody entitled to it has decided; the subject's owner now applies it."""

    approval_id: str
    kind: Kind
    subject_id: str
    structure_id: str
    requester_id: str
    verdict: Verdict
    reason: PersonalText = ""
    decided_by: str
    decided_at: AwareDatetime


class ApprovalsGathered(Gathered, Event, type="approvals.approvals-gathered.v1", key="export_id"):
    """What approvals keeps of a person."""


class ApprovalWithdrawn(
    Event, type="approvals.approval-withdrawn.v1", key="approval_id", audience="public"
):
    """Whoever asked has taken the question back before anybody had decided."""

    approval_id: str
    kind: Kind
    subject_id: str
    structure_id: str
    requester_id: str
    withdrawn_at: AwareDatetime
