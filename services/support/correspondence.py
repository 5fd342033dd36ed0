"""Forms of those who have not signed in: kept, confirmed by their address, and forgotten."""

import secrets
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from kit.attempts import Attempts, attempts_id
from kit.attempts import forget as forget_attempts
from kit.clock import now
from kit.collection import Ask, Collection
from kit.links import read_link
from kit.service import Service
from kit.workers import Job, Timer, Worker
from services.support.domain import forms, replies
from services.support.domain.acts import Doing
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Content
from services.support.domain.forms import Form, Kind, Sending
from services.support.domain.numbers import numbers_for
from services.support.domain.reach import Reach
from services.support.domain.replies import Reply
from services.support.domain.requests import Request
from services.support.domain.tickets import Ticket
from services.support.records import Records
from services.support.settings import SupportSettings

PURPOSE: Final = "ticket-confirmation"
REPLY: Final = "ticket-reply"


@dataclass(frozen=True, slots=True)
class Correspondence:
    service: Service[SupportSettings]
    records: Records
    forms: Collection[Form]
    letters: Collection[Attempts]
    requests: Collection[Request]
    catalogue: Catalogue

    async def write(self, id: str, kind: Kind, content: Content) -> Form:
        settings, at = self.service.settings, now()
        address = attempts_id("letters", content.contact_email)
        sending = Sending(
            id=id,
            kind=kind,
            content=content,
            nonce=secrets.token_urlsafe(32),
            expires_at=at + settings.form_link_for,
            address=address,
            limit=settings.form_letters_limit,
            now=at,
        )
        form: Form
        form, *_ = await self.service.committer.change_together(
            (
                self.forms.at(id),
                self.letters.at(address),
                *map(self.records.numbers.at, numbers_for(id)),
            ),
            partial(forms.write, sending=sending, catalogue=self.catalogue),
        )
        return form

    async def confirm(self, token: str) -> Ticket:
        """Raise LinkInvalid, LinkExpired or FormOver, naming the token."""
        settings, at = self.service.settings, now()
        key = settings.link_key.get_secret_value()
        link = read_link(key, token, purpose=PURPOSE, now=at)
        id = link.user_id
        kept: tuple[Any, ...] = await self.service.committer.change_together(
            (
                self.forms.at(id),
                self.records.tickets.at(id),
                self.records.entries.at(id),
                self.requests.at(id),
            ),
            partial(
                forms.confirm,
                nonce=link.nonce,
                catalogue=self.catalogue,
                kept_for=settings.form_kept_for,
                now=at,
            ),
        )
        ticket: Ticket = kept[1]
        return ticket

    async def reply(self, act: Reply, token: str, text: str = "") -> Ticket:
        """Raise LinkInvalid, LinkExpired or ReplyOver, naming the token; or NotInThisState."""
        settings, at = self.service.settings, now()
        key = settings.link_key.get_secret_value()
        link = read_link(key, token, purpose=REPLY, now=at)
        id, rank = link.user_id, int(link.nonce)
        solutions = {"ticket_id": id, "kind": "solution-proposed"}
        newest = await self.records.entries.select(solutions, sort=[("place", -1)], most=1)
        entry_id = f"{id}:reply:{rank}"
        decide = partial(
            replies.reply,
            act,
            rank=rank,
            answered=max((one.rank for one in newest), default=0),
            text=text,
            timing=settings.timing,
            by=Doing(entry_id=entry_id, reach=Reach(user_id="", wrote=id), now=at),
        )
        places = self.records.tickets.at(id), self.records.entries.at(entry_id)
        ticket, _ = await self.service.committer.change_together(places, decide)
        return ticket  # type: ignore[no-any-return]  # what the decision gave back

    def jobs(self) -> list[Job]:
        return [
            Worker(self.forms, claim=forms.claim, work=self._forget),
            Timer(self.letters, wake=self._forget_letters),
        ]

    async def _forget(self, over: Form) -> None:
        entries = await self.records.entries.select({"ticket_id": over.id})
        if forms.forgettable(over, await self.records.tickets.find(over.id)):
            # First: once the form is gone nobody comes back for the journal.
            await self.service.journal.blank([over.id, *(one.id for one in entries)])
        await self.service.committer.change_together(
            (
                self.forms.at(over.id),
                self.records.tickets.at(over.id),
                self.requests.at(over.id),
                self.records.numbers.at(over.number),
                *(self.records.entries.at(one.id) for one in entries),
            ),
            partial(forms.forget, over, now=now()),
        )

    def _forget_letters(self, over: Attempts) -> Ask:
        at = now()
        return self.letters.ask(over.id, lambda current: forget_attempts(current, now=at))
