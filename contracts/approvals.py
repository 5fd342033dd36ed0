"""What the approvals service tells. Topic: approvals.events."""

from typing import Literal

from pydantic import AwareDatetime

from contracts.event import Event, Gathered, PersonalText

Kind = Literal["rattachement", "habilitation"]
"""The first two: any other is told by events of the second version."""
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
    number: str = ""
    title: str = ""
    """What is asked for, in French."""
    expires_at: AwareDatetime | None = None
    """When it is over if nobody has answered; no link in a letter answers any longer."""
    told_at: AwareDatetime | None = None
    telling: int = 1
    """Which time it is: it is told anew once none of those told before may decide."""
    units: tuple[str, ...] | None = None
    """The only ones it is about; none: the whole structure. None where it was not told."""


class ApprovalOpenedV2(
    Event, type="approvals.approval-opened.v2", key="approval_id", audience="public"
):
    """The same for every other kind, known or to come."""

    approval_id: str
    kind: str
    subject_id: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    principal_manager_id: str | None
    approver_ids: tuple[str, ...]
    opened_at: AwareDatetime
    list_id: str | None = None
    number: str = ""
    title: str = ""
    expires_at: AwareDatetime | None = None
    told_at: AwareDatetime | None = None
    telling: int = 1
    units: tuple[str, ...] | None = None


class ApproverMissing(
    Event, type="approvals.approver-missing.v1", key="approval_id", audience="public"
):
    """Nobody may decide on this question: it waits, and never counts as approved."""

    approval_id: str
    structure_id: str
    noticed_at: AwareDatetime
    kind: str = ""
    requester_id: str = ""


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
    by_desk: bool = False
    """Whether an operator stood in, where nobody may decide."""


class ApprovalDecidedV2(
    Event, type="approvals.approval-decided.v2", key="approval_id", audience="public"
):
    """The same for every other kind, known or to come."""

    approval_id: str
    kind: str
    subject_id: str
    structure_id: str
    requester_id: str
    verdict: Verdict
    reason: PersonalText = ""
    decided_by: str
    decided_at: AwareDatetime
    by_desk: bool = False
    """Whether an operator stood in, where nobody may decide."""
    number: str = ""
    title: str = ""
    structure_name: str | None = None


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


class ApprovalWithdrawnV2(
    Event, type="approvals.approval-withdrawn.v2", key="approval_id", audience="public"
):
    """The same for every other kind, known or to come."""

    approval_id: str
    kind: str
    subject_id: str
    structure_id: str
    requester_id: str
    withdrawn_at: AwareDatetime


class InformationRequested(Event, type="approvals.information-requested.v1", key="comment_id"):
    """Somebody who may decide asks the requester for more before they do."""

    comment_id: str
    approval_id: str
    number: str
    title: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    text: PersonalText
    asked_at: AwareDatetime
    asked_by: str = ""
    """Whose words they are: the requester is not told."""


class InformationGiven(Event, type="approvals.information-given.v1", key="comment_id"):
    """The requester has answered whoever asked them for more."""

    comment_id: str
    approval_id: str
    number: str
    title: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    asked_by: str
    """Who had asked last."""
    text: PersonalText
    given_at: AwareDatetime
    approver_ids: tuple[str, ...] = ()
    """
    Whom it is for: who had asked, or whoever decides now if they no longer may.

    Empty as it was told at first: who had asked.
    """
    units: tuple[str, ...] | None = None


class ApprovalReminded(
    Event, type="approvals.approval-reminded.v1", key="approval_id", audience="public"
):
    """A question has waited for some business days: those who were asked are reminded of it."""

    approval_id: str
    kind: str
    subject_id: str
    structure_id: str
    structure_name: str | None
    requester_id: str
    approver_ids: tuple[str, ...]
    business_days: int
    """How many it has waited since it was put to them, whoever's turn it was."""
    opened_at: AwareDatetime
    reminded_at: AwareDatetime
    expires_at: AwareDatetime
    list_id: str | None = None
    units: tuple[str, ...] | None = None


class ApprovalEscalated(
    Event, type="approvals.approval-escalated.v1", key="approval_id", audience="public"
):
    """The principal manager has not answered: everybody else who may decide is asked as well."""

    approval_id: str
    kind: str
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
    units: tuple[str, ...] | None = None


class ApprovalExpired(
    Event, type="approvals.approval-expired.v1", key="approval_id", audience="public"
):
    """Nobody has answered in time: the question is over, and nothing of it was approved."""

    approval_id: str
    kind: str
    subject_id: str
    structure_id: str
    requester_id: str
    opened_at: AwareDatetime
    expired_at: AwareDatetime
    number: str = ""
    title: str = ""
    structure_name: str | None = None
