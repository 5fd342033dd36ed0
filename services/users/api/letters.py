"""Links that go out by letter: how they are asked for without telling who has an account."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from kit.attempts import attempts_id
from kit.clock import now
from kit.collection import Ask, Place
from services.users.domain import accounts as domain
from services.users.domain import deactivations
from services.users.domain.accounts import Account, Purpose, Registration, SentLink
from services.users.domain.emails import LetterLimit
from services.users.domain.logins import login_id
from services.users.identity import NOBODY, Identity
from services.users.settings import UsersSettings


class Letters:
    """Asks for letters without a word to whoever had us ask."""

    def __init__(self, identity: Identity, settings: UsersSettings) -> None:
        self._identity, self._settings = identity, settings

    async def send(self, email: str, purpose: Purpose) -> None:
        """Have a link sent to whoever has this address, if anybody."""
        account = await self._identity.account_of(email)
        letters_id, link, at = attempts_id("letters", email), self.link(purpose), now()
        await self._keep(
            (
                self._identity.accounts.at(account.id if account else NOBODY),
                self._identity.attempts.at(letters_id),
            ),
            lambda account, letters: domain.send_link(
                account,
                letters,
                link=link,
                letters_id=letters_id,
                limit=self._settings.letters_limit,
                now=at,
            ),
        )

    async def reactivate(self, email: str) -> None:
        """Have whoever has left with this address sent a link, or word that it is too late."""
        account = await self._identity.account_of(email)
        letters_id, link, at = attempts_id("letters", email), self.link("reactivation"), now()
        await self._keep(
            (
                self._identity.accounts.at(account.id if account else NOBODY),
                self._identity.attempts.at(letters_id),
            ),
            partial(
                deactivations.ask_to_reactivate,
                link=link,
                letters_id=letters_id,
                limit=self._settings.letters_limit,
                within=self._settings.reactivation_for,
                now=at,
            ),
        )

    async def reactivate_for(self, email: str, *, by: str, reason: str) -> Account:
        """Have whoever has left with this address sent the desk's link, however late."""
        account, at = await self._identity.account_of(email), now()
        link = replace(self.link("reactivation"), sent_by=by)
        return await self._identity.accounts.change(
            account.id if account else NOBODY,
            partial(deactivations.send_back, link=link, reason=reason, now=at),
        )

    async def register(self, email: str, registration: Registration, user_id: str) -> str:
        """Register under this id; answers the id that has the address, which may be another."""
        letters_id, link, at = attempts_id("letters", email), self.link("activation"), now()
        login, _, _ = await self._keep(
            (
                self._identity.logins.at(login_id(email)),
                self._identity.accounts.at(user_id),
                self._identity.attempts.at(letters_id),
            ),
            lambda login, account, letters: domain.register(
                login,
                account,
                letters,
                user_id=user_id,
                email=email,
                registration=registration,
                link=link,
                kept_until=at + self._settings.unactivated_for,
                letters_id=letters_id,
                limit=self._settings.letters_limit,
                now=at,
            ),
        )
        return login.user_id if login else user_id

    def link(
        self, purpose: Purpose, email: str = "", *, lasts: timedelta | None = None
    ) -> SentLink:
        at = now()
        return SentLink(
            nonce=secrets.token_urlsafe(32),
            purpose=purpose,
            expires_at=at + (lasts or self._settings.link_for),
            email=email,
            asked_at=at,
        )

    def limit(self, email: str, user_id: str) -> LetterLimit:
        """Of letters that somebody who is signed in has sent to an address nobody has proved."""
        return LetterLimit(
            to_address=attempts_id("letters", email),
            of_user=attempts_id("addresses", user_id),
            limit=self._settings.letters_limit,
        )

    async def _keep(self, places: tuple[Place, ...], decide: Callable[..., Any]) -> Any:
        # Beside the request: its consistency token would tell whether there was a fact to tell.
        [kept] = await self._identity.committer.keep_all([Ask(places, decide)])
        if isinstance(kept, Exception):
            raise kept
        return kept
