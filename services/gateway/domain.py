"""Which sessions are worth nothing any more. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from kit.change import Change, Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation(Entity):
    """A session whose access tokens are refused until the last of them has ended by itself."""

    expires_at: datetime
    heard_at: datetime


def refuse(
    session_id: str, current: Revocation | None, until: datetime, now: datetime
) -> Change[Revocation]:
    """Refuse a session until all its access tokens have ended; the longest word stands."""
    if until <= now or (current and current.expires_at >= until):
        return Change(current)
    refused = current or Revocation(id=session_id, expires_at=until, heard_at=now)
    return Change(replace(refused, expires_at=until))
