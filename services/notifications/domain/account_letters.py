"""Letters about an account: its links and codes, warnings of what was done, exports. Pure."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import get_args

from contracts.users import (
    AccountChanged,
    ClientSecretExpiring,
    CodeRequested,
    ExportReady,
    IdentityLinked,
    LinkRequested,
    LinkRequestedV2,
    RegistrationRepeated,
)
from kit.days import day_of
from services.notifications.domain.letters import Letter, Link, Template, author_of

WARNED_OF = frozenset(
    {
        "contact-change-asked",
        "contact-changed",
        "email-codes-off",
        "email-codes-on",
        "login-change-cancelled",
        "login-changed",
        "password-changed",
        "password-reset",
        "recovery-codes-made",
        "second-factor-off",
        "second-factor-on",
        "secret-question-changed",
    }
)
"""What somebody else may have done: its owner is written to."""


def on_link_requested(event: LinkRequested | LinkRequestedV2, *, now: datetime) -> Letter | None:
    """None for a purpose that there are no words for yet."""
    template = next((one for one in get_args(Template) if one == event.purpose), None)
    if template is None:
        return None
    letter = _one_time(event, template, now)
    if not isinstance(event, LinkRequestedV2):
        return letter
    about = author_of(event.reason, event.sent_by)
    return replace(letter, reason=event.reason, about_id=about)


def on_code_requested(event: CodeRequested, *, now: datetime) -> Letter:
    return _one_time(event, "code", now)


def _one_time(
    event: LinkRequested | LinkRequestedV2 | CodeRequested, template: Template, now: datetime
) -> Letter:
    return Letter(
        # Ids are shown to operators and logged: a nonce is not.
        id=f"{event.user_id}:{template}:{sha256(event.nonce.encode()).hexdigest()[:16]}",
        recipient_id=event.user_id,
        template=template,
        link=Link(purpose=template, nonce=event.nonce, expires_at=event.expires_at),
        created_at=now,
    )


def on_account_changed(event: AccountChanged) -> Letter | None:
    """So that the owner learns of what somebody else did; None for what needs no letter."""
    if event.action not in WARNED_OF:
        return None
    return Letter(
        id=f"{event.user_id}:{event.action}:{event.changed_at:%Y%m%dT%H%M%S%f}",
        recipient_id=event.user_id,
        template="account-changed",
        params={"action": event.action},
        created_at=event.changed_at,
    )


def on_identity_linked(event: IdentityLinked) -> Letter:
    return Letter(
        id=f"{event.user_id}:{event.identity_id}:identity-linked",
        recipient_id=event.user_id,
        template="identity-linked",
        params={"provider": event.provider},
        created_at=event.linked_at,
    )


def on_export_ready(event: ExportReady) -> Letter:
    return Letter(
        id=f"{event.export_id}:export-ready",
        recipient_id=event.user_id,
        template="export-ready",
        params={"last_day": day_of(event.expires_at).isoformat()},
        created_at=event.ready_at,
    )


def on_registration_repeated(event: RegistrationRepeated) -> Letter:
    return Letter(
        id=f"{event.registration_id}:registration-repeated",
        recipient_id=event.user_id,
        template="registration-repeated",
        created_at=event.repeated_at,
    )


def on_client_secret_expiring(event: ClientSecretExpiring) -> Letter:
    return Letter(
        id=f"{event.client_id}:secret-expiring:{event.expires_at:%Y%m%dT%H%M%S}",
        recipient_id=event.user_id,
        template="client-secret-expiring",
        params={"system": event.name, "until": event.expires_at.isoformat()},
        created_at=event.told_at,
    )
