"""Hashing passwords beside the event loop, as many at once as there are processors."""

import asyncio
import os
import secrets
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from kit.problems import Unavailable

WAITING_MOST = 50
"""Of those who come while all processors hash; more would wait longer than anybody does."""


class TooBusy(Unavailable):
    """Too many people are signing in at this moment: ask again."""


class Passwords:
    """Argon2id, with ``memory`` in KiB gone through ``passes`` times for each password."""

    def __init__(self, *, memory: int, passes: int) -> None:
        self._hasher = Argon2Hasher(memory_cost=memory, time_cost=passes)
        self._argon2 = PasswordHash((self._hasher,))
        self._free = asyncio.Semaphore(os.cpu_count() or 1)
        self._waiting = 0
        # Verified in place of the hash of an unknown account, so that it takes the same time.
        self._nobodys = self._argon2.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        async with self._turn():
            return await asyncio.to_thread(self._argon2.hash, _typed(password))

    async def verify(self, password: str, hash: str) -> bool:
        """False for no hash at all, as slowly as for a wrong password."""
        right, _ = await self.check(password, hash)
        return right

    async def check(self, password: str, hash: str) -> tuple[bool, str]:
        """
        As ``verify``; and its hash as it is made today, if the one kept was made otherwise.

        A wrong password then costs more than one of an unknown account, never less: until its owner
        has signed in once after a change of the settings, an account can be told by that.
        """
        async with self._turn():
            same, renewed = await asyncio.to_thread(
                self._check, _typed(password), hash or self._nobodys
            )
        right = same and bool(hash)
        return right, renewed or "" if right else ""

    def _check(self, password: str, hash: str) -> tuple[bool, str | None]:
        right, renewed = self._argon2.verify_and_update(password, hash)
        if not right and self._hasher.check_needs_rehash(hash):
            self._hasher.verify(password, self._nobodys)
        return right, renewed

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
