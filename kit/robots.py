"""Keeps robots from the forms that anybody may send."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints

from kit import effort
from kit.change import Change, Entity
from kit.clock import now
from kit.collection import Collection
from kit.effort import Effort, EffortMissing, EffortOver, EffortWrong, Spent
from kit.http import Anyone, Said
from kit.settings import OpenFormSettings

FIELD = "body/effort"
FOR_PEOPLE = (EffortMissing, EffortWrong, EffortOver)
"""What a form that anybody may send may be refused with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentEffort(Entity):
    """A proof that was used; forgotten once it is too old in any case."""


class EffortGiven(Said):
    """A challenge that was asked for, and a number that solves it."""

    challenge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
    number: Annotated[int, Field(ge=0, le=2**53)]


class OpenForm(Said):
    """A form that anybody may send, without having signed in."""

    effort: EffortGiven | None = Field(None, description="Needed, unless the platform asks none")

    @property
    def proof(self) -> Effort | None:
        return Effort(self.effort.challenge, self.effort.number) if self.effort else None


class EffortAsked(BaseModel):
    """
    A challenge to be solved by a machine; nobody has to read or to click anything.

    Try `number` 0, 1, 2, … until the SHA-256 of `challenge:number`, as text, begins with `bits`
    zero bits. Send both with the form: they are good once.
    """

    challenge: str
    bits: int = Field(description="0: forms need no proof of work here")
    expires_at: datetime


class Robots:
    """
    Each form costs its sender some work, proved by a number that is good once.

    ``whose``: the service whose forms they are. Each remembers what was spent on its own alone, so
    none takes the proofs of another.
    """

    def __init__(
        self, spent: Collection[SpentEffort], settings: OpenFormSettings, *, whose: str
    ) -> None:
        self._spent, self._key = spent, f"{whose}:{settings.link_key.get_secret_value()}"
        self._bits, self._lasts = settings.effort_bits, settings.effort_for

    async def keep_out(self, given: Effort | None) -> None:
        """Before anything is looked up: the refusals say nothing of what is known here."""
        if self._bits == 0:
            return
        spent = effort.check(self._key, given, now=now(), field=FIELD)
        await self._spent.change(spent.id, lambda current: spend(current, spent))

    def routes(self, path: str, tag: str) -> APIRouter:
        routes = APIRouter(tags=[tag])

        @routes.get(path)
        async def challenge(caller: Anyone, response: Response) -> EffortAsked:
            """What to solve before sending a form that anybody may send."""
            response.headers["Cache-Control"] = "no-store"
            until, nonce = now() + self._lasts, secrets.token_urlsafe(16)
            text = effort.challenge(self._key, nonce=nonce, bits=self._bits, until=until)
            return EffortAsked(challenge=text, bits=self._bits, expires_at=until)

        return routes


def spend(current: SpentEffort | None, effort: Spent) -> Change[SpentEffort]:
    if current is not None:
        raise EffortOver(field=FIELD)
    return Change(SpentEffort(id=effort.id, wake_at=effort.until))


def forget(current: SpentEffort | None, *, now: datetime) -> Change[SpentEffort]:
    due = current is None or current.wake_at is None or current.wake_at <= now
    return Change(None if due else current)
