"""Which sessions are worth nothing any more. Pure."""

from dataclasses import dataclass
from datetime import datetime

from contracts.users import SessionRevoked
from kit.change import Change, Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation(Entity):
    """A session whose access tokens are refused until the last of them has ended by itself."""

    expires_at: datetime
    heard_at: datetime


def note(revoked: SessionRevoked, current: Revocation | None, now: datetime) -> Change[Revocation]:
    if current or revoked.expires_at <= now:
        return Change(current)
    return Change(Revocation(id=revoked.session_id, expires_at=revoked.expires_at, heard_at=now))
