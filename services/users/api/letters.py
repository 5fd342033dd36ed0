"""Links that go out by letter: how they are asked for without telling who has an account."""

import secrets
from collections.abc import Callable
from typing import Any

from contracts.users import LinkPurpose
from kit.clock import now
from kit.collection import Ask, Place
from services.users.domain import accounts as domain
from services.users.domain.accounts import Registration, SentLink
from services.users.domain.attempts import attempts_id
from services.users.domain.logins import login_id
from services.users.identity import NOBODY, Identity
from services.users.settings import UsersSettings


class Letters:
    """Asks for letters without a word to whoever had us ask."""

    def __init__(self, identity: Identity, settings: UsersSettings) -> None:
        self._identity, self._settings = identity, settings

    async def send(self, email: str, purpose: LinkPurpose) -> None:
        """Have a link sent to whoever has this address, if anybody."""
        login = await self._identity.logins.find(login_id(email))
        letters_id, link, at = attempts_id("letters", email), self._link(purpose), now()
        await self._keep(
            (
                self._identity.accounts.at(login.user_id if login else NOBODY),
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

    async def register(self, email: str, registration: Registration, user_id: str) -> str:
        """Register under this id; answers the id that has the address, which may be another."""
        letters_id, link, at = attempts_id("letters", email), self._link("activation"), now()
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
                letters_id=letters_id,
                limit=self._settings.letters_limit,
                now=at,
            ),
        )
        return login.user_id if login else user_id

    async def _keep(self, places: tuple[Place, ...], decide: Callable[..., Any]) -> Any:
        # Beside the request: its consistency token would tell whether there was a fact to tell.
        [kept] = await self._identity.committer.keep_all([Ask(places, decide)])
        if isinstance(kept, Exception):
            raise kept
        return kept

    def _link(self, purpose: LinkPurpose) -> SentLink:
        until = now() + self._settings.link_for
        return SentLink(nonce=secrets.token_urlsafe(32), purpose=purpose, expires_at=until)
