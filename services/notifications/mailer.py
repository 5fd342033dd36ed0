"""Sending the letters that wait."""

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import structlog

from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.links import sign_link
from services.notifications import domain
from services.notifications.domain import Letter, Person
from services.notifications.post import Post, Undelivered
from services.notifications.rendering import Renderer, compose, without_addresses
from services.notifications.settings import NotificationsSettings

log = structlog.get_logger(__name__)

LONGEST_ERROR = 300


class Mailer:
    """One attempt at one letter; whatever comes of it is recorded by a decision."""

    def __init__(
        self,
        people: Collection[Person],
        letters: Collection[Letter],
        renderer: Renderer,
        post: Post,
        settings: NotificationsSettings,
    ) -> None:
        self._people, self._letters = people, letters
        self._renderer, self._post = renderer, post
        self._sender = settings.sender()
        self._link_key = settings.link_key

    async def send(self, letter: Letter) -> None:
        who = await self._people.many([letter.recipient_id, letter.about_id or ""])
        recipient = who.get(letter.recipient_id)
        if recipient is None:
            await self._record(letter, domain.not_yet_known, now=now())
            return
        if why := domain.unwanted(letter, recipient, now=now()):
            await self._record(letter, domain.suppressed, why=why)
            return
        about = who.get(letter.about_id or "")
        rendered = self._renderer.render(letter, recipient, about, self._link(letter))
        try:
            message = compose(
                letter, rendered, sender=self._sender, to=recipient.email, now=now()
            )
        except ValueError:
            await self._record(letter, domain.refused, error="The address is not one.")
            return
        await self._hand_over(letter, message)

    def _link(self, letter: Letter) -> str:
        if letter.link is None:
            return ""
        token = sign_link(
            self._link_key.get_secret_value(),
            letter.link.purpose,
            letter.recipient_id,
            letter.link.nonce,
            letter.link.expires_at,
        )
        return self._renderer.link(letter, token)

    async def _hand_over(self, letter: Letter, message: EmailMessage) -> None:
        try:
            await self._post.send(message)
        except Undelivered as failure:
            error = without_addresses(str(failure))[:LONGEST_ERROR]
            log.warning(
                "A letter was not taken", letter=letter.id, error=error, for_good=failure.for_good
            )
            if failure.for_good:
                await self._record(letter, domain.refused, error=error)
            else:
                await self._record(letter, domain.postponed, error=error, now=now())
            return
        at, message_id = now(), message["Message-ID"]
        await self._letters.change(
            letter.id, lambda current: domain.sent(current, message_id=message_id, now=at)
        )

    async def _record(
        self, claimed: Letter, outcome: Callable[..., Change[Letter]], **found: Any
    ) -> None:
        await self._letters.change(
            claimed.id, lambda current: outcome(claimed, current, **found)
        )
