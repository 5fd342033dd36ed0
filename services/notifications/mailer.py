"""Sending the letters that wait."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import Message

import structlog

from kit import traces
from kit.clock import now
from kit.committer import Committer
from kit.problems import Unavailable
from kit.workers import Worker
from services.notifications import metrics
from services.notifications.domain import attempts
from services.notifications.domain.letters import Letter, address, recipient
from services.notifications.domain.people import Person
from services.notifications.domain.stopping import waited_for
from services.notifications.domain.suppressions import says_no_such_address
from services.notifications.gathering import Contents, Gathering
from services.notifications.pacing import Pace
from services.notifications.post import Post, Undelivered
from services.notifications.records import Records
from services.notifications.rendering import (
    LONGEST_ERROR,
    Renderer,
    Told,
    compose,
    without_addresses,
)
from services.notifications.secrets import Secrets
from services.notifications.settings import NotificationsSettings

log = structlog.get_logger(__name__)

REFUSED = "The mail server has refused this address for good."
DRAINING = 15.0
"""Seconds that a stop leaves to the letters being handed over."""


class Mailer:
    """Attempts at letters, one by one; whatever comes of an attempt is recorded by a decision."""

    def __init__(
        self,
        keeps: Records,
        *,
        renderer: Renderer,
        settings: NotificationsSettings,
        gathering: Gathering,
    ) -> None:
        self.keeps, self.collection = keeps, keeps.letters
        self._gathering, self._renderer = gathering, renderer
        self._settings, self._sender = settings, settings.sender()
        self._secrets = Secrets(renderer, settings.link_key.get_secret_value())
        self._post, self._pace = Post(settings), Pace(settings.smtp_domain_rate)
        self._handing: set[asyncio.Task[None]] = set()

    async def run(self, committer: Committer) -> None:
        worker = Worker(
            self.collection,
            claim=attempts.claim,
            work=self.send,
            # Many for each connection: each also waits for two commits, which many share.
            at_once=16 * self._settings.smtp_connections,
            # The second has all: also what was kept before there were lanes.
            lanes=({"in_bulk": False}, {}),
        )
        async with self._post:
            try:
                await worker.run(committer)
            finally:
                # A letter handed over but not recorded would leave a second time.
                if self._handing:
                    await asyncio.wait(self._handing, timeout=DRAINING)

    async def send(self, letter: Letter) -> None:
        if letter.status != "waiting":
            return
        who = await self.keeps.people.many([letter.recipient_id, letter.about_id or ""])
        to_whom = recipient(letter, who.get(letter.recipient_id))
        if to_whom is None:
            await self._gathering.record(letter, attempts.not_yet_known, now=now())
            return
        if why := attempts.unwanted(letter, to_whom, now=now()):
            await self._gathering.record(letter, attempts.suppressed, why=why)
            return
        if (beside := await self._gathering.ready(letter, to_whom)) is None:
            return
        letter = replace(letter, movements=beside.movements)
        to = address(letter, to_whom)
        if not waited_for(letter) and not await self._may_go(letter, to):
            return
        about = who.get(letter.about_id or "")
        secrets, told = self._secrets.of(letter), await self._told(beside, to_whom)
        rendered = self._renderer.render(
            letter, to_whom, about, secrets.link, stop=secrets.stop_page, told=told
        )
        try:
            message = compose(
                rendered,
                message_id=self._secrets.message_id(letter.id, self._sender.domain),
                sender=self._sender,
                to=to,
                now=now(),
                stop=secrets.stop,
            )
        except ValueError:
            await self._gathering.record(letter, attempts.refused, error="The address is not one.")
            return
        handing = asyncio.create_task(self._hand_over(letter, to, message))
        self._handing.add(handing)
        handing.add_done_callback(self._handing.discard)
        await asyncio.shield(handing)

    async def _may_go(self, letter: Letter, to: str) -> bool:
        """Whether letters go to this address, and this one now; waits a moment for its turn."""
        if await self.keeps.refused.knows(to):
            await self._gathering.record(letter, attempts.suppressed, why=REFUSED)
            return False
        seconds, here = self._pace.take(to.rpartition("@")[2].lower())
        if not here:
            until = now() + timedelta(seconds=seconds)
            await self.collection.change(
                letter.id, lambda current: attempts.held(letter, current, until=until)
            )
        elif seconds:
            await asyncio.sleep(seconds)
        return here

    async def _told(self, beside: Contents, person: Person) -> Told:
        """The lines of a digest; nothing for any other letter."""
        named = {one.about_id for one in beside.letters if one.about_id}
        known = await self.keeps.people.many(sorted(named))
        lines = [
            self._renderer.line(one, person, known.get(one.about_id or ""))
            for one in beside.letters
        ]
        return Told(tuple(lines), beside.more)

    async def _hand_over(self, letter: Letter, to: str, message: Message) -> None:
        try:
            said = {"chorale.template": letter.template, "chorale.attempt": letter.attempts}
            with traces.span("notifications", "send letter", "client", said):
                await self._post.send(message)
        except Undelivered as failure:
            error = without_addresses(str(failure))[:LONGEST_ERROR]
            log.warning(
                "A letter was not taken", letter=letter.id, error=error, for_good=failure.for_good
            )
            if says_no_such_address(failure.recipient_refused):
                kept = await self.keeps.refused.record(letter, to, failure.recipient_refused, error)
                metrics.attempted(kept)
            elif failure.of_server:
                away = self._post.away_for
                await self._gathering.record(
                    letter, attempts.unreached, error=error, away=away, now=now()
                )
            elif failure.for_good:
                await self._gathering.record(letter, attempts.refused, error=error)
            else:
                await self._gathering.record(letter, attempts.postponed, error=error, now=now())
            return
        await self._sent(letter.id, message["Message-ID"], self.keeps.refused.id(to), now())

    async def _sent(self, id: str, message_id: str, address_id: str, at: datetime) -> None:
        """Record a hand-over, however long MongoDB is away: the letter would leave again."""
        while True:
            try:
                kept = await self.collection.change(
                    id,
                    lambda current: attempts.sent(
                        current, message_id=message_id, address_id=address_id, now=at
                    ),
                )
            except Unavailable:
                log.warning("A letter that left is not recorded yet", letter=id)
                await asyncio.sleep(1)
            else:
                return metrics.attempted(kept)
