"""What the gateway does when others tell."""

from contracts.users import SessionRevoked
from kit import clock
from kit.bus import Subscriptions
from kit.collection import Ask, Collection
from services.gateway import domain
from services.gateway.domain import Revocation
from services.gateway.views import RevokedSessions


def handlers(revocations: Collection[Revocation], revoked: RevokedSessions) -> Subscriptions:
    on = Subscriptions()

    @on(SessionRevoked)
    def refuse_session(event: SessionRevoked) -> Ask:
        now = clock.now()
        revoked.add(event.session_id, event.expires_at)
        return revocations.ask(event.session_id, lambda current: domain.note(event, current, now))

    return on
