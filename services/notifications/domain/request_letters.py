"""The letters about what was asked: to who decides, and to who asked. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final, get_args

from contracts.approvals import (
    ApprovalDecidedV2,
    ApprovalExpired,
    ApprovalOpened,
    ApprovalOpenedV2,
    InformationGiven,
    InformationRequested,
    Kind,
)
from contracts.event import Event
from contracts.users import (
    HabilitationsGranted,
    HabilitationsNotApplied,
    HabilitationsRefused,
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
)
from services.notifications.domain.letters import (
    Letter,
    Link,
    Template,
    author_of,
    of_question,
    of_structure,
)
from services.notifications.domain.rattachement_letters import of_rattachement

WRITTEN_OF: Final = frozenset(get_args(Kind))
"""Kinds whose ends users tells by itself, with what became of them."""
Outcome = (
    RattachementRefused
    | RattachementNotApplied
    | HabilitationsGranted
    | HabilitationsRefused
    | HabilitationsNotApplied
)


def on_approval_opened(
    event: ApprovalOpened | ApprovalOpenedV2, *, links: bool = True
) -> tuple[Letter, ...]:
    """
    To the principal manager; where there is none, to everyone who may decide.

    Told anew, perhaps to the same, it is written of anew.
    """
    telling = f":{event.telling}" if event.telling > 1 else ""
    principal, until = event.principal_manager_id, event.expires_at
    link = Link(purpose="approval", nonce=event.approval_id, expires_at=until) if until else None
    return tuple(
        Letter(
            # Of a whole list the first alone: the others have the same id.
            id=f"{event.list_id or event.approval_id}:approval-opened{telling}:{user_id}",
            recipient_id=user_id,
            template="approval-opened",
            about_id=event.requester_id,
            params={
                **of_structure(event.structure_name),
                "kind": "list" if event.list_id else event.kind,
                "title": event.title,
            },
            link=link if links and not event.list_id else None,
            structure_id=event.structure_id,
            subject_id=event.approval_id,
            asked_about=of_question(event.approval_id, event.units),
            created_at=event.told_at or event.opened_at,
        )
        for user_id in dict.fromkeys((principal,) if principal else event.approver_ids)
    )


def on_information_requested(event: InformationRequested) -> Letter:
    """To the requester, who does not learn which approver asks."""
    return Letter(
        id=f"{event.comment_id}:information-requested",
        recipient_id=event.requester_id,
        template="information-requested",
        about_id=author_of(event.text, event.asked_by),
        params={"title": event.title},
        reason=event.text,
        subject_id=event.approval_id,
        created_at=event.asked_at,
    )


def on_information_given(event: InformationGiven) -> tuple[Letter, ...]:
    """To whoever asked for it or, if they no longer decide, to whoever does."""
    return tuple(
        Letter(
            id=f"{event.comment_id}:information-given:{user_id}",
            recipient_id=user_id,
            template="information-given",
            about_id=event.requester_id,
            structure_id=event.structure_id,
            params={**of_structure(event.structure_name), "title": event.title},
            reason=event.text,
            subject_id=event.approval_id,
            asked_about=of_question(event.approval_id, event.units),
            created_at=event.given_at,
        )
        for user_id in event.approver_ids or (event.asked_by,)
    )


def on_settled(event: Event) -> Letter | None:
    """To whoever asked a question that the asking service writes no letters about: how it ended."""
    if not isinstance(event, ApprovalDecidedV2 | ApprovalExpired) or event.kind in WRITTEN_OF:
        return None
    letter = Letter(
        id=f"{event.approval_id}:settled",
        recipient_id=event.requester_id,
        template="question-settled",
        params={
            **of_structure(event.structure_name),
            "number": event.number,
            "title": event.title,
            "verdict": "",
        },
        created_at=event.decided_at if isinstance(event, ApprovalDecidedV2) else event.expired_at,
    )
    if isinstance(event, ApprovalExpired):
        return letter
    return replace(
        letter,
        about_id=author_of(event.reason, event.decided_by),
        params=letter.params | {"verdict": event.verdict},
        reason=event.reason,
    )


def on_granted(event: RattachementGranted) -> Letter:
    return Letter(
        id=f"{event.request_id}:granted",
        recipient_id=event.user_id,
        template="rattachement-granted",
        params=of_rattachement(event),
        created_at=event.granted_at,
    )


def on_refused(event: RattachementRefused) -> Letter:
    return _refused(event, "rattachement-refused")


def on_not_applied(event: RattachementNotApplied) -> Letter:
    return _of_request(event, "rattachement-not-applied", event.decided_at, event.reason)


def on_habilitations_granted(event: HabilitationsGranted) -> Letter:
    return _of_request(event, "habilitations-granted", event.granted_at)


def on_habilitations_refused(event: HabilitationsRefused) -> Letter:
    return _refused(event, "habilitations-refused")


def on_habilitations_not_applied(event: HabilitationsNotApplied) -> Letter:
    return _of_request(event, "habilitations-not-applied", event.decided_at, event.reason)


def _refused(event: RattachementRefused | HabilitationsRefused, template: Template) -> Letter:
    letter = _of_request(event, template, event.refused_at, event.reason)
    return replace(letter, about_id=author_of(event.reason, event.decided_by))


def _of_request(event: Outcome, template: Template, at: datetime, reason: str = "") -> Letter:
    return Letter(
        id=f"{event.request_id}:{template.partition('-')[2]}",
        recipient_id=event.user_id,
        template=template,
        params=of_structure(event.structure_name),
        reason=reason,
        created_at=at,
    )
