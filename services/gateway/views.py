"""The sessions refused, as this process knows them."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from kit import clock
from kit.collection import Collection
from kit.problems import Unavailable
from services.gateway.domain import Revocation

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=0.5)
OVERLAP = timedelta(seconds=10)
"""A replica's clock and its transaction may be that late."""
ALL_AGAIN_EVERY = timedelta(minutes=1)
PATIENCE = 1
"""Seconds; a database that is away would hold up every request for much longer."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class RevokedSessions:
    """What any replica has heard: at once when heard here, within half a second otherwise."""

    def __init__(self, revocations: Collection[Revocation], max_age: float) -> None:
        self._revocations = revocations
        self._max_age = timedelta(seconds=max_age)
        self._until: dict[str, datetime] = {}
        self._read_at = self._all_read_at = self._tried_at = _NEVER
        self._reading = asyncio.Lock()

    def add(self, session_id: str, until: datetime) -> None:
        self._until[session_id] = until

    async def known(self, session_id: str) -> bool:
        """Raise Unavailable when what other replicas heard cannot be known."""
        if clock.now() - self._tried_at > EVERY:
            await self._read()
        if clock.now() - self._read_at > self._max_age:
            raise Unavailable
        return session_id in self._until

    async def _read(self) -> None:
        async with self._reading:
            now = clock.now()
            if now - self._tried_at <= EVERY:
                return
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._read_since(now)
            except Exception:
                log.warning("Unable to read the revoked sessions", exc_info=True)
            # Also after a failure: those who wait here must not each try, and wait, in turn.
            self._tried_at = clock.now()

    async def _read_since(self, now: datetime) -> None:
        everything = now - self._all_read_at > ALL_AGAIN_EVERY
        since = _NEVER if everything else self._read_at - OVERLAP
        # Only sessions whose tokens could still be used are kept, here as in the collection.
        found = self._revocations.documents.find({"heard_at": {"$gt": since}}, {"expires_at": 1})
        async for document in found:
            self._until[document["_id"]] = document["expires_at"]
        if everything:
            self._until = {one: until for one, until in self._until.items() if until > now}
            self._all_read_at = now
        self._read_at = now
