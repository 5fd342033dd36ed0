"""Taking persons out of what is kept: on request, and once the time has passed for keeping them."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.person import Erasure
from kit.problems import NotFound, Problem
from kit.tasks import now_and_then
from services.users.domain import erasure as domain
from services.users.domain.accounts import Account
from services.users.domain.logins import login_id
from services.users.identity import Identity
from services.users.settings import UsersSettings

log = structlog.get_logger(__name__)

AT_ONCE = 100
EVERY = 3600
"""Seconds between two looks for accounts whose time has passed."""


@dataclass(frozen=True, slots=True)
class Erasing:
    identity: Identity
    erasures: Collection[Erasure]
    settings: UsersSettings

    @property
    def collection(self) -> Collection[Account]:
        return self.identity.accounts

    async def erase(self, user_id: str, *, nonce: str | None = None, again: bool = False) -> None:
        """
        Erase a person who is deactivated, with a link of theirs where one is asked for.

        ``again``: who was erased before, whatever a restored backup has brought back of them.
        """
        account, at = await self.identity.accounts.find(user_id), now()
        if account is None:
            raise NotFound
        places = (
            self.identity.accounts.at(user_id),
            self.identity.logins.at(login_id(account.email)),
            self.erasures.at(user_id),
        )
        erase = partial(domain.erase, nonce=nonce, again=again, now=at)
        await self.identity.committer.keep(Ask(places, erase))

    async def run(self, _: Committer) -> None:
        """Erase those whose time has passed, again and again."""
        await now_and_then(self._look_now, every=EVERY, what="erase whose time has passed")

    async def _look_now(self) -> None:
        await self.look(now())

    async def look(self, at: datetime) -> None:
        after, before = "", at - self.settings.deactivated_kept_for
        while True:
            due = {
                "deactivated_at": {"$type": "date", "$lte": before},
                "status": "deactivated",
                "_id": {"$gt": after},
            }
            found = await self.identity.accounts.select(due, sort=[("_id", 1)], most=AT_ONCE)
            if not found:
                return
            for one in found:
                try:
                    await self.erase(one.id)
                except Problem as refusal:
                    log.warning("kept beyond its time", user=one.id, why=refusal.type())
            after = found[-1].id
