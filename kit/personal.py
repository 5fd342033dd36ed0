"""What a service keeps of people: all of it is listed once, to be given to them and taken out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol

from contracts.users import ExportRequested, PersonErased
from kit import person
from kit.change import Change, Entity, T
from kit.clock import now
from kit.collection import Ask, together
from kit.mongo import IndexModel
from kit.person import Erasure, Portion
from kit.seal import seal
from kit.workers import Worker

if TYPE_CHECKING:
    from contracts.event import Event
    from kit.bus import Subscriptions
    from kit.collection import Collection
    from kit.contents import Contents
    from kit.service import Service
    from kit.workers import Job

AT_ONCE: Final = 200
OF_THE_KIT: Final = frozenset({"version", "wake_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[T]):
    """One kind of thing that says something of people."""

    name: str = ""
    """Of its file in an export; empty where nothing in it says more than the rest."""
    collection: Collection[T]
    of: Callable[[str], dict[str, Any]]
    """Where those of a user are; an index must know."""
    hides: frozenset[str] = frozenset()
    """Fields that their owner is not given: secrets, and what says something of somebody else."""
    seen: Callable[[T], T] | None = None
    """As its owner may see it; None: as it is."""
    without: Callable[[T], Change[T]] | None = None
    """
    The decision that takes a person out of it. It meets the same again, and changes nothing then.

    None where nothing is left to take out once nobody knows whose id this was.
    """
    taking: Callable[[T], Ask] | None = None
    """In its place, where something else is decided together with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile(Kept[T]):
    """The same of files: their bytes go with them."""

    contents: Contents


class Tell(Protocol):
    """Makes the service's own event of one piece of what was gathered."""

    def __call__(
        self, *, export_id: str, user_id: str, part: int, of: int, sealed: str
    ) -> Event: ...


class Personal:
    """Gives all that a service keeps of a person, and takes an erased one out of it."""

    def __init__(self, service: Service[Any], kept: Sequence[Kept[Any]]) -> None:
        self._service, self._kept = service, kept
        self.erasures = service.collection("erasures", Erasure)

    def jobs(self) -> list[Job]:
        return [Worker(self.erasures, person.claim, self._erase, at_once=2)]

    async def given(self, user_id: str) -> dict[str, list[dict[str, Any]]]:
        """What is kept of a user, by the name of its file."""
        return {
            kept.name: [
                _shown(kept, one) async for batch in self._batches(kept, user_id) for one in batch
            ]
            for kept in self._kept
            if kept.name
        }

    async def _erase(self, erasure: Erasure) -> None:
        keys = [erasure.id]
        for kept in self._kept:
            async for batch in self._batches(kept, erasure.id):
                keys += [one.id for one in batch]
                await self._take_out(kept, batch)
        await self._service.journal.blank(keys)
        at = now()
        await self.erasures.change(
            erasure.id, lambda current: person.looked_through(erasure, current, now=at)
        )

    async def _take_out(self, kept: Kept[Any], batch: list[Any]) -> None:
        take = kept.taking or (kept.without and partial(_taking, kept.collection, kept.without))
        if take is None:
            return
        contents = [one.content for one in batch] if isinstance(kept, KeptFile) else []
        for one in contents:
            await kept.contents.unsettle(one)  # type: ignore[attr-defined]  # a KeptFile
        asks = [take(one) for one in batch]
        for outcome in await self._service.committer.keep_all(asks):
            if isinstance(outcome, BaseException):
                raise outcome
        if isinstance(kept, KeptFile):
            await kept.contents.settle(kept.collection, *contents)

    async def _batches(self, kept: Kept[T], user_id: str) -> AsyncIterator[list[T]]:
        after = ""
        while True:
            where = {"$and": [kept.of(user_id), {"_id": {"$gt": after}}]}
            batch = await kept.collection.select(where, sort=[("_id", 1)], most=AT_ONCE)
            if not batch:
                return
            yield batch
            after = batch[-1].id


class PersonalElsewhere(Personal):
    """The same of a service that hears from users what is asked of it, and answers by events."""

    def __init__(self, service: Service[Any], kept: Sequence[Kept[Any]], tell: Tell) -> None:
        by_user = [IndexModel("user_id")]
        self.portions = service.collection("portions", Portion, indexes=by_user)
        mine: Kept[Portion] = Kept(name="exports", collection=self.portions, of=of_user)
        super().__init__(service, (*kept, mine))
        self._tell = tell

    def hear(self, on: Subscriptions, beside: Callable[[PersonErased], Ask] | None = None) -> None:
        """``beside``: what else is to be decided as soon as somebody is erased."""

        @on(PersonErased)
        def forget(erased: PersonErased) -> Ask:
            begin = partial(person.begin, user_id=erased.user_id, now=erased.erased_at)
            ask = self.erasures.ask(erased.user_id, begin)
            return together(ask, beside(erased)) if beside else ask

        @on(ExportRequested)
        def gather(asked: ExportRequested) -> Ask:
            asked_for = partial(
                person.ask_for,
                export_id=asked.export_id,
                user_id=asked.user_id,
                key=asked.public_key,
                now=asked.requested_at,
            )
            return self.portions.ask(asked.export_id, asked_for)

    def jobs(self) -> list[Job]:
        gathering = Worker(self.portions, person.claim, self._gather, at_once=2)
        return [*super().jobs(), gathering]

    async def _gather(self, portion: Portion) -> None:
        if not portion.key:
            return
        given = json.dumps(await self.given(portion.user_id), ensure_ascii=False).encode()
        pieces = seal(given, portion.key)
        events = tuple(
            self._tell(
                export_id=portion.id, user_id=portion.user_id, part=n, of=len(pieces), sealed=one
            )
            for n, one in enumerate(pieces, 1)
        )
        await self.portions.change(portion.id, lambda current: person.told(current, events))


def of_user(user_id: str) -> dict[str, Any]:
    return {"user_id": user_id}


def _shown(kept: Kept[T], one: T) -> dict[str, Any]:
    said = kept.collection.shown(kept.seen(one) if kept.seen else one)
    return {name: value for name, value in said.items() if name not in kept.hides | OF_THE_KIT}


def _taking(collection: Collection[T], decide: Callable[[T], Change[T]], one: Entity) -> Ask:
    return collection.ask(one.id, lambda kept: Change(None) if kept is None else decide(kept))
