"""The letters about questions that wait: to who decides and, in the end, to who asked. Pure."""

from datetime import datetime

from contracts.approvals import ApprovalEscalated, ApprovalReminded
from contracts.users import (
    HabilitationsRequestExpired,
    RattachementRequestExpired,
    RequestBlocked,
)
from kit.days import day_of
from services.notifications.domain.letters import Letter, Template, of_question, of_structure

RequestExpired = RattachementRequestExpired | HabilitationsRequestExpired


def on_reminded(event: ApprovalReminded) -> tuple[Letter, ...]:
    return _to_approvers(event, "approval-reminder", event.reminded_at)


def on_escalated(event: ApprovalEscalated) -> tuple[Letter, ...]:
    return _to_approvers(event, "approval-escalated", event.escalated_at)


def _to_approvers(
    event: ApprovalReminded | ApprovalEscalated, template: Template, at: datetime
) -> tuple[Letter, ...]:
    """One a day for each structure and person, however many questions wait there."""
    return tuple(
        Letter(
            id=f"{event.structure_id}:{template}:{day_of(at).isoformat()}:{user_id}",
            recipient_id=user_id,
            template=template,
            about_id=event.requester_id,
            structure_id=event.structure_id,
            subject_id=event.approval_id,
            asked_about=of_question(event.approval_id, event.units),
            params={
                **of_structure(event.structure_name),
                "opened_day": day_of(event.opened_at).isoformat(),
                "last_day": day_of(event.expires_at).isoformat(),
            },
            created_at=at,
        )
        for user_id in dict.fromkeys(event.approver_ids)
    )


def on_request_expired(event: RequestExpired) -> Letter:
    of_rattachement = isinstance(event, RattachementRequestExpired)
    return Letter(
        id=f"{event.request_id}:expired",
        recipient_id=event.user_id,
        template="rattachement-expired" if of_rattachement else "habilitations-expired",
        params={
            **of_structure(event.structure_name),
            "opened_day": day_of(event.requested_at).isoformat(),
        },
        created_at=event.expired_at,
    )


def on_request_blocked(event: RequestBlocked) -> Letter:
    """To whoever asked for something and found nobody who decides."""
    return Letter(
        id=f"{event.request_id}:vacancy-opened",
        recipient_id=event.user_id,
        template="vacancy-opened",
        params=of_structure(event.structure_name),
        created_at=event.noticed_at,
    )
