"""Hashing passwords beside the event loop, as many at once as there are processors."""

import asyncio
import os
import secrets
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pwdlib import PasswordHash

from kit.problems import Unavailable

WAITING_MOST = 50
"""Of those who come while all processors hash; more would wait longer than anybody does."""


class TooBusy(Unavailable):
    """Too many people are signing in at this moment: ask again."""


class Passwords:
    """Argon2, about a tenth of a second of one processor each time."""

    def __init__(self, argon2: PasswordHash | None = None) -> None:
        self._argon2 = argon2 or PasswordHash.recommended()
        self._free = asyncio.Semaphore(os.cpu_count() or 1)
        self._waiting = 0
        # Verified in place of the hash of an unknown account, so that it takes the same time.
        self._nobodys = self._argon2.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        async with self._turn():
            return await asyncio.to_thread(self._argon2.hash, _typed(password))

    async def verify(self, password: str, hash: str) -> bool:
        """False for no hash at all, as slowly as for a wrong password."""
        async with self._turn():
            same = await asyncio.to_thread(
                self._argon2.verify, _typed(password), hash or self._nobodys
            )
        return same and bool(hash)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= WAITING_MOST:
            raise TooBusy
        self._waiting += 1
        try:
            async with self._free:
                yield
        finally:
            self._waiting -= 1


def _typed(password: str) -> str:
    # Keyboards differ in how they compose an accent.
    return unicodedata.normalize("NFKC", password)
