"""Written exchanges at work: begun, heard, taken, ended, and given up by time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection, Place
from kit.http import Caller
from kit.problems import NotFound
from kit.workers import Job, Timer
from services.support.domain import exchanges as domain
from services.support.domain.activity import Entry
from services.support.domain.acts import Doing
from services.support.domain.contents import Content
from services.support.domain.exchanges import Exchange, Opening, Seat, Theme, UnknownTheme
from services.support.domain.numbers import numbers_for
from services.support.domain.tickets import Ticket
from services.support.records import Records
from services.support.settings import SupportSettings
from services.support.waiting import Waiting
from services.support.writing import Writing


@dataclass(frozen=True, slots=True)
class Conversing:
    exchanges: Collection[Exchange]
    seats: Collection[Seat]
    writing: Writing
    waiting: Waiting
    themes: tuple[Theme, ...]
    settings: SupportSettings

    @property
    def records(self) -> Records:
        return self.writing.records

    def hours(self) -> tuple[datetime, bool]:
        """When agents are there next, and whether that is now."""
        at = now()
        if self.settings.exchange_always:
            return at, True
        opens_at = self.settings.hours.after(at, timedelta())
        return opens_at, opens_at == at

    async def begin(
        self, id: str, theme: str, text: str, structure_id: str | None, caller: Caller
    ) -> tuple[Exchange, Ticket]:
        chosen = next((one for one in domain.offered(self.themes) if one.code == theme), None)
        if chosen is None:
            raise UnknownTheme(field="body/theme")
        _, staffed = self.hours()
        opening = Opening(
            theme=chosen,
            text=text,
            structure_id=structure_id,
            patience=self.settings.exchange_patience,
            staffed=staffed,
        )
        known = await self.writing.speaking.known(
            caller,
            Content(
                category=chosen.category,
                subcategory=chosen.subcategory,
                structure_id=structure_id,
            ),
        )
        lost = await self._lost(caller)
        decide = domain.begin_instead if lost else domain.begin
        kept: tuple[Any, ...] = await self.writing.committer.change_together(
            (
                *map(self.exchanges.at, lost),
                self.exchanges.at(id),
                self.seats.at(caller.user_id),
                self.records.tickets.at(id),
                self.records.entries.at(id),
                *map(self.records.numbers.at, numbers_for(id)),
            ),
            partial(
                decide,
                opening=opening,
                id=id,
                by=caller.user_id,
                known=known,
                catalogue=self.writing.catalogue,
                now=now(),
            ),
        )
        begun = kept[len(lost) :]
        return begun[0], begun[2]

    async def _lost(self, caller: Caller) -> tuple[str, ...]:
        """The exchange they have under way, if they may no longer take part in it."""
        seat = await self.seats.find(caller.user_id)
        if seat is None:
            return ()
        try:
            await self.known(seat.exchange_id, caller)
        except NotFound:
            return (seat.exchange_id,)
        return ()

    async def known(self, id: str, caller: Caller) -> tuple[Exchange, Ticket]:
        """Raise NotFound for whoever has no part in it."""
        ticket = await self.records.tickets.find(id)
        reach = await self.writing.reaching.to(ticket, caller)
        return domain.readable(await self.exchanges.find(id), ticket, reach)

    async def listen(
        self, id: str, caller: Caller, *, after: int, wait: float
    ) -> tuple[Exchange, Ticket, list[Entry]]:
        exchange, ticket = await self.known(id, caller)
        said = await self._said(id, after)
        if said or exchange.state == "over":
            return exchange, ticket, said
        await self.waiting.changed(exchange, caller.user_id, patience=wait)
        # Rights may have gone meanwhile.
        exchange, ticket = await self.known(id, caller)
        return exchange, ticket, await self._said(id, after)

    async def say(self, id: str, entry_id: str, text: str, caller: Caller) -> Entry:
        decide = partial(
            domain.say,
            text=text,
            silence=self.settings.exchange_silence,
            timing=self.settings.timing,
        )
        kept = await self._changed(id, entry_id, decide, caller)
        entry: Entry = kept[2]
        return entry

    async def take(
        self, id: str, entry_id: str, caller: Caller, *, if_match: int | None
    ) -> tuple[Exchange, Ticket]:
        decide = partial(domain.take, silence=self.settings.exchange_silence)
        kept = await self._changed(id, entry_id, decide, caller, if_match)
        return kept[0], kept[1]

    async def end(
        self, id: str, answer: str, caller: Caller, *, if_match: int | None
    ) -> tuple[Exchange, Ticket]:
        entry_id = domain.answer_id(id)
        current, by = await self.exchanges.find(id), await self._doing(id, entry_id, caller)
        places = (
            self.exchanges.at(id),
            self.seats.at(current.user_id if current else caller.user_id),
            self.records.tickets.at(id),
            self.records.entries.at(entry_id),
        )
        decide = partial(domain.end, answer=answer, timing=self.settings.timing, by=by)
        kept = await self.writing.committer.keep(Ask(places, decide, if_match))
        self.waiting.ring(kept[0])
        return kept[0], kept[2]

    async def beside(self, id: str) -> tuple[Place, ...]:
        """What an act on this ticket changes as well: its exchange, if it began as one."""
        begun = await self.exchanges.find(id)
        return (self.exchanges.at(id), self.seats.at(begun.user_id)) if begun else ()

    def follow(self, ticket: Ticket | None, *beside: Any, at: datetime) -> tuple[Change[Any], ...]:
        if not beside:
            return ()
        silence = self.settings.exchange_silence
        return domain.follow(*beside, ticket=ticket, silence=silence, now=at)

    def jobs(self) -> list[Job]:
        return [Timer(self.exchanges, wake=self._lapse), self.waiting]

    def _lapse(self, exchange: Exchange) -> Ask:
        at = now()
        return Ask(
            (self.exchanges.at(exchange.id), self.seats.at(exchange.user_id)),
            lambda *current: domain.lapse(*current, now=at),
        )

    async def _changed(
        self,
        id: str,
        entry_id: str,
        decide: Callable[..., Any],
        caller: Caller,
        if_match: int | None = None,
    ) -> tuple[Any, ...]:
        by = await self._doing(id, entry_id, caller)
        places = (
            self.exchanges.at(id),
            self.records.tickets.at(id),
            self.records.entries.at(entry_id),
        )
        ask = Ask(places, partial(decide, by=by), if_match)
        kept: tuple[Any, ...] = await self.writing.committer.keep(ask)
        self.waiting.ring(kept[0])
        return kept

    async def _doing(self, id: str, entry_id: str, caller: Caller) -> Doing:
        ticket = await self.records.tickets.find(id)
        reach = await self.writing.reaching.to(ticket, caller)
        return Doing(entry_id=entry_id, reach=reach, now=now())

    async def _said(self, id: str, after: int) -> list[Entry]:
        where = {"ticket_id": id, "rank": {"$gt": after}, "kind": "message"}
        return await self.records.entries.select(where, sort=[("rank", 1)], most=domain.MOST)
