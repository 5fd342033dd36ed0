"""The letters about who manages a structure, and about coming back to the platform. Pure."""

from datetime import datetime

from contracts.structures import ContactTold
from contracts.users import (
    ManagementTransferred,
    ReactivationRefused,
    VacancyClaimSettled,
    VacancyNoticeGiven,
)
from services.notifications.domain.letters import Letter, Link, Template, author_of


def on_transferred(event: ManagementTransferred) -> tuple[Letter, ...]:
    """To the new principal manager, and to whoever handed over: it may have been somebody else."""
    both = (event.principal_manager_id, event.former_manager_id)
    templates: tuple[Template, Template] = ("management-transferred", "management-handed-over")
    return tuple(
        Letter(
            id=f"{event.transfer_id}:{template}:{recipient}",
            recipient_id=recipient,
            template=template,
            about_id=other,
            params={
                "structure_name": event.structure_name or "",
                "count": str(len(event.structure_ids)),
            },
            created_at=event.transferred_at,
        )
        for template, recipient, other in zip(templates, both, reversed(both), strict=True)
    )


def on_reactivation_refused(event: ReactivationRefused) -> Letter:
    return Letter(
        id=f"{event.refusal_id}:reactivation-refused",
        recipient_id=event.user_id,
        template="reactivation-refused",
        created_at=event.refused_at,
    )


def on_contact_told(event: ContactTold, *, now: datetime) -> Letter:
    """To the structure itself, which may have no account here."""
    return Letter(
        id=f"{event.request_id}:vacancy-code",
        recipient_id=event.request_id,
        to=event.email,
        template="vacancy-code",
        params={"structure_name": event.structure_name or ""},
        link=Link(purpose="vacancy-code", nonce=event.nonce, expires_at=event.expires_at),
        created_at=now,
    )


def on_notice_given(event: VacancyNoticeGiven) -> Letter:
    return Letter(
        id=f"{event.claim_id}:vacancy-notice",
        recipient_id=event.manager_id,
        template="vacancy-notice",
        about_id=event.claimant_id,
        subject_id=event.claim_id,
        params={
            "structure_name": event.structure_name or "",
            "until": event.notice_until.isoformat(),
        },
        created_at=event.given_at,
    )


def on_claim_settled(event: VacancyClaimSettled) -> tuple[Letter, ...]:
    """To the claimant and, where another managed until then, to that one."""
    to_claimant = Letter(
        id=f"{event.claim_id}:vacancy-settled",
        recipient_id=event.claimant_id,
        template="vacancy-settled",
        about_id=author_of(event.reason, event.decided_by),
        params={"structure_name": event.structure_name or "", "outcome": event.outcome},
        reason=event.reason,
        created_at=event.settled_at,
    )
    if event.former_manager_id is None:
        return (to_claimant,)
    to_former = Letter(
        id=f"{event.claim_id}:management-lost",
        recipient_id=event.former_manager_id,
        template="management-lost",
        about_id=event.claimant_id,
        params={"structure_name": event.structure_name or ""},
        created_at=event.settled_at,
    )
    return to_claimant, to_former
