"""The letters to those who wrote to the support desk without signing in. Pure."""

from datetime import datetime

from contracts.support import REPLY_WITHIN, CorrespondentAnswered, FormSent
from services.notifications.domain.letters import Letter, Link, author_of


def on_form_sent(event: FormSent, *, now: datetime) -> Letter:
    """With no word of what was written: anybody may write under any address."""
    return Letter(
        id=f"{event.ticket_id}:ticket-confirmation",
        recipient_id=event.ticket_id,
        to=event.email,
        template="ticket-confirmation",
        params={"number": event.number},
        link=Link(purpose="ticket-confirmation", nonce=event.nonce, expires_at=event.expires_at),
        created_at=now,
    )


def on_answered(event: CorrespondentAnswered) -> Letter:
    return Letter(
        id=f"{event.ticket_id}:{event.rank}:ticket-answered",
        recipient_id=event.ticket_id,
        to=event.email,
        template="ticket-answered",
        about_id=author_of(event.text, event.answered_by),
        params={"number": event.number},
        reason=event.text,
        link=Link(
            purpose="ticket-reply",
            nonce=f"{event.rank}",
            expires_at=event.answered_at + REPLY_WITHIN,
        ),
        created_at=event.answered_at,
    )
