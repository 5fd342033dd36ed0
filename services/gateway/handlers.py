"""What the gateway does when others tell."""

from datetime import timedelta

from contracts.users import SessionRevoked
from kit import clock
from kit.bus import Subscriptions
from kit.collection import Ask, Collection
from services.gateway import domain
from services.gateway.domain import Revocation
from services.gateway.views import RevokedSessions

LONGEST = timedelta(days=1)
"""Longer than any access token lives."""


def handlers(revocations: Collection[Revocation], revoked: RevokedSessions) -> Subscriptions:
    on = Subscriptions()

    def refuse_anyway(session_id: str) -> Ask:
        """An event that cannot be read still says which session is worth nothing."""
        now = clock.now()
        revoked.add(session_id, now + LONGEST)
        return revocations.ask(
            session_id, lambda current: domain.refuse(session_id, current, now + LONGEST, now)
        )

    @on(SessionRevoked, otherwise=refuse_anyway)
    def refuse_session(event: SessionRevoked) -> Ask:
        now = clock.now()
        revoked.add(event.session_id, event.expires_at)
        return revocations.ask(
            event.session_id,
            lambda current: domain.refuse(event.session_id, current, event.expires_at, now),
        )

    return on
