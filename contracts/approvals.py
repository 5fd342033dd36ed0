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
    list_id: str | None = None
    """What the approvals of one list have in common: approvers are written to once for it."""


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


class ApprovalReminded(
    Event, type="approvals.approval-reminded.v1", key="approval_id", audience="public"
):
    """A question has waited for some business days: those who were asked are reminded of it."""

    approval_id: str
    kind: Kind
    subject_id: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    approver_ids: tuple[str, ...]
    business_days: int
    """How many it has waited since it was put to them."""
    opened_at: AwareDatetime
    reminded_at: AwareDatetime
    expires_at: AwareDatetime
    list_id: str | None = None


class ApprovalEscalated(
    Event, type="approvals.approval-escalated.v1", key="approval_id", audience="public"
):
    """The principal manager has not answered: everybody else who may decide is asked as well."""

    approval_id: str
    kind: Kind
    subject_id: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    approver_ids: tuple[str, ...]
    """Those who are asked now, without the principal manager."""
    opened_at: AwareDatetime
    escalated_at: AwareDatetime
    expires_at: AwareDatetime
    list_id: str | None = None


class ApprovalExpired(
    Event, type="approvals.approval-expired.v1", key="approval_id", audience="public"
):
    """Nobody has answered in time: the question is over, and nothing of it was approved."""

    approval_id: str
    kind: Kind
    subject_id: str
    structure_id: str
    requester_id: str
    opened_at: AwareDatetime
    expired_at: AwareDatetime
