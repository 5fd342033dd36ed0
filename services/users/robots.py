"""Keeps robots from the forms that anybody may send."""

import secrets
from datetime import datetime

from kit import effort
from kit.clock import now
from kit.effort import Effort
from services.users.domain import efforts
from services.users.identity import Identity
from services.users.settings import UsersSettings

FIELD = "body/effort"


class Robots:
    """Each form costs its sender some work, proved by a number that is good once."""

    def __init__(self, identity: Identity, settings: UsersSettings) -> None:
        self._spent, self._key = identity.efforts, settings.link_key.get_secret_value()
        self._bits, self._lasts = settings.effort_bits, settings.effort_for

    def challenge(self) -> tuple[str, int, datetime]:
        """What to solve, with how many zero bits, and until when."""
        until, nonce = now() + self._lasts, secrets.token_urlsafe(16)
        text = effort.challenge(self._key, nonce=nonce, bits=self._bits, until=until)
        return text, self._bits, until

    async def keep_out(self, given: Effort | None) -> None:
        """Before anything is looked up: the refusals say nothing of any account."""
        if self._bits == 0:
            return
        spent = effort.check(self._key, given, now=now(), field=FIELD)
        await self._spent.change(
            spent.id, lambda current: efforts.spend(current, spent, field=FIELD)
        )
