"""Group commit: decisions that wait at the same moment are kept in one transaction."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from kit import metrics, traces
from kit.clock import now
from kit.collection import Ask, Collection, Place, Stored
from kit.context import asking, correlation, trace
from kit.draft import Asked, Done, Draft, Hearing, Known
from kit.mongo import IndexModel, Mongo, Session, lost_race, unavailable
from kit.parking import Parking
from kit.problems import Unavailable

log = structlog.get_logger(__name__)

ONCE_KEPT = 24 * 3600  # seconds, as Idempotency-Key promises


LOST_TOGETHER, LOST_ALONE = 20, 150  # races in a row after which others no longer wait for it
LEFT_MOST = 1000  # callers that gave up and are still in the queue


class Lost(Exception):
    """Somebody else changed one of these entities since we read it."""


class Committer:
    """The one place where a service writes what it owns."""

    def __init__(
        self,
        service: str,
        mongo: Mongo,
        parking: Parking,
        told: Callable[[], None],
        *,
        most: int = 500,
        patience: float = 15,
    ) -> None:
        self._service, self._mongo, self._parking, self._told = service, mongo, parking, told
        self._most, self._patience = most, patience
        self._waiting: deque[Asked] = deque()
        self._bell = asyncio.Event()
        self._clock = self._left = 0
        self._wakers: dict[str, Callable[[], None]] = {}

    @property
    def service(self) -> str:
        return self._service

    def on_wake(self, collection: Collection[Any], ring: Callable[[], None]) -> None:
        """Have ``ring`` called whenever an entity of this collection is kept that is due."""
        self._wakers[collection.name] = ring

    async def change_together(
        self, places: tuple[Place, ...], decide: Callable[..., Any]
    ) -> tuple[Any, ...]:
        """
        Change several entities by one decision, all or none.

        ``decide`` takes their current states, and gives one Change for each, in the same order.
        """
        return await self.keep(Ask(places, decide))

    async def keep(self, ask: Ask) -> tuple[Any, ...]:
        """Decide and keep; raises the decision's refusal, or Unavailable when MongoDB is away."""
        with traces.span(self._service, "commit") as span:
            asked = self._asked(ask)
            try:
                return await self._kept(asked)
            finally:
                if span:
                    traces.link(span, asked.earlier)

    async def _kept(self, asked: Asked) -> tuple[Any, ...]:
        request = asking.get()
        if request and request.once:
            if request.changed:
                raise TypeError("A request that may be repeated leads to one change")
            asked.once, request.changed = request.once, True
        self._submit([asked])
        try:
            async with asyncio.timeout(self._patience):
                states: tuple[Any, ...] = await asked.outcome
        except TimeoutError:
            self._forget_who_left()
            raise Unavailable from None
        if request:
            request.rows |= asked.rows
        return states

    async def keep_all(self, asks: list[Ask], spans: Sequence[str] = ()) -> list[Any]:
        """
        Many decisions of one caller; gives for each its states, or the exception it raised.

        ``spans`` are those that each is decided in, where they differ.
        """
        asked = [self._asked(ask) for ask in asks]
        for one, span in zip(asked, spans, strict=bool(spans)):
            one.trace = span
        self._submit(asked)
        return await asyncio.gather(*(one.outcome for one in asked), return_exceptions=True)

    async def hear(self, heard: list[tuple[Ask, Hearing]]) -> list[str]:
        """Keep what events lead to, in order, and that they were heard; says what came of each."""
        asked = [self._asked(ask, hearing) for ask, hearing in heard]
        self._submit(asked)
        return [*await asyncio.gather(*(one.outcome for one in asked))]

    def _asked(self, ask: Ask, hearing: Hearing | None = None) -> Asked:
        journey, here = correlation.get(), trace.get()
        if hearing:
            here = hearing.trace
            journey = hearing.record.headers.get("ce_correlationid", hearing.record.id)
        outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        return Asked(ask, outcome, journey, hearing=hearing, trace=here)

    def _forget_who_left(self) -> None:
        """Callers come and give up for as long as MongoDB is away: they must not pile up."""
        self._left += 1
        if self._left >= LEFT_MOST:
            self._left = 0
            self._waiting = deque(asked for asked in self._waiting if not asked.outcome.done())

    def _submit(self, asked: list[Asked]) -> None:
        self._waiting += asked
        self._bell.set()

    async def prepare(self) -> None:
        await self._mongo.create("once")
        forget = IndexModel("at", expireAfterSeconds=ONCE_KEPT)
        await self._mongo["once"].create_indexes([forget])

    async def run(self) -> None:
        """Take whatever waits, keep it, then look again: nobody waits for a batch to fill."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._waiting:
                most = min(self._most, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(most)]
                try:
                    await self._keep(batch)
                except Exception as error:
                    log.critical("a batch failed unforeseen", exc_info=True)
                    for asked in batch:
                        _fail(asked, error)

    async def _keep(self, batch: list[Asked]) -> None:
        """Keep a batch, halving it until what fails does so alone."""
        attempt = 0
        # Whoever gave up waiting no longer wants it done.
        while batch := [asked for asked in batch if not asked.outcome.done()]:
            attempt += 1
            try:
                draft = await self._attempt(batch)
            except Exception as error:
                lost = _lost(error)
                why = "lost_race" if lost else "unavailable" if unavailable(error) else "failed"
                metrics.retries.labels(self._service, why).inc()
                if lost and attempt < (LOST_TOGETHER if len(batch) > 1 else LOST_ALONE):
                    await asyncio.sleep(random.uniform(0, 0.002 * min(attempt, 50)))
                elif unavailable(error) and not lost:
                    log.warning("MongoDB is away, trying again", exc_info=attempt == 1)
                    await asyncio.sleep(random.uniform(0, min(0.1 * 2**attempt, 2)))
                elif len(batch) > 1:
                    half = len(batch) // 2
                    await self._keep(batch[:half])
                    return await self._keep(batch[half:])
                elif self._set_aside(batch[0], error):
                    attempt = 0
                else:
                    return
            else:
                # Kept, whatever happens from here on: never decided again.
                return self._tell(draft)

    def _set_aside(self, asked: Asked, error: Exception) -> bool:
        """What cannot be written: an event is tried once more as one to park, a caller is told."""
        hearing = asked.hearing
        if hearing is None:
            _fail(asked, Unavailable() if _lost(error) else error)
            return False
        if hearing.error:
            # Not even parking works. It must not be lost: its slice waits, and this is seen.
            log.error("unable to park", id=hearing.record.id, exc_info=error)
            if not asked.outcome.done():
                asked.outcome.set_result("gap")
            return False
        hearing.error = error
        return True

    async def _attempt(self, batch: list[Asked]) -> Draft:
        began = time.perf_counter()
        draft = Draft(await self._read(batch), self._tick, now())
        for asked in batch:
            draft.decide(asked)
        if not draft.empty:
            await self._mongo.transaction(lambda session: self._write(draft, session))
        metrics.batch.labels(self._service).observe(len(batch))
        metrics.transaction.labels(self._service).observe(time.perf_counter() - began)
        return draft

    async def _read(self, batch: list[Asked]) -> Known:
        wanted: dict[Collection[Any], set[str]] = defaultdict(set)
        once, slices, lanes, again = list[str](), set[str](), set[str](), list[str]()
        for asked in batch:
            places = asked.ask.places
            if asked.hearing:
                places += asked.hearing.otherwise.places if asked.hearing.otherwise else ()
                if asked.hearing.attempt:
                    again.append(asked.hearing.record.id)
                else:
                    slices.add(asked.hearing.record.slice)
                    lanes.add(asked.hearing.record.lane)
            if asked.once:
                once.append(asked.once.id)
            for place in places:
                wanted[place.collection].add(place.id)
        # First what says what was done, then what it was done to: in another order, a process
        # that does the same meanwhile would make us believe that something was done, and decide
        # what follows it on the state before it.
        seen, heard, parked = await asyncio.gather(
            self._seen(once), self._heard([*slices]), self._parking.still(again)
        )
        closed, *loaded = await asyncio.gather(
            self._parking.closed([*lanes]),
            *(collection.load([*ids]) for collection, ids in wanted.items()),
        )
        stored: dict[Place, Stored[Any]] = {
            Place(collection, id): one
            for collection, found in zip(wanted, loaded, strict=True)
            for id, one in found.items()
        }
        return Known(stored, heard, closed, parked, seen)

    async def _seen(self, once: list[str]) -> dict[str, Done]:
        if not once:
            return {}
        found = self._mongo["once"].find({"_id": {"$in": once}}, batch_size=len(once) + 1)
        return {
            one["_id"]: Done(one["body"], dict(one.get("rows", ())))
            for one in await found.to_list(None)
        }

    async def _heard(self, slices: list[str]) -> dict[str, int]:
        if not slices:
            return {}
        found = self._mongo["heard"].find({"_id": {"$in": slices}}, batch_size=len(slices) + 1)
        return {one["_id"]: one["last"] for one in await found.to_list(None)}

    async def _write(self, draft: Draft, session: Session) -> None:
        for collection, writes in draft.writes().items():
            await _all(collection.documents, writes, session)
        if heard := draft.heard_writes():
            await _all(self._mongo["heard"], heard, session)
        if draft.rows:
            await self._mongo["journal"].insert_many(draft.rows, ordered=False, session=session)
        if draft.parking:
            await _all(self._parking.rows, draft.parking, session)
        if draft.once:
            at = now()
            rows = [
                {"_id": id, "body": done.body, "rows": [*done.rows.items()], "at": at}
                for id, done in draft.once.items()
            ]
            await self._mongo["once"].insert_many(rows, ordered=False, session=session)

    def _tell(self, draft: Draft) -> None:
        # Refusals too are told only now: they may rest on states that were not yet kept.
        counted: dict[str, int] = defaultdict(int)
        for asked, outcome in draft.outcomes:
            refused = isinstance(outcome, Exception)
            if asked.hearing:
                metrics.heard.labels(self._service, outcome).inc()
            else:
                counted["refused" if refused else "kept"] += 1
            if asked.outcome.done():
                continue
            if refused:
                asked.outcome.set_exception(outcome)
            else:
                asked.outcome.set_result(outcome)
        for result, n in counted.items():
            metrics.decisions.labels(self._service, result).inc(n)
        if draft.rows:
            self._told()
        self._ring(draft)

    def _ring(self, draft: Draft) -> None:
        at = now()
        for place, stored in draft.changed.items():
            ring = self._wakers.get(place.collection.name)
            if ring and stored.state and stored.state.wake_at and stored.state.wake_at <= at:
                ring()

    def _tick(self, after: int) -> int:
        """A clock that never goes back: not here, and not for an entity changed elsewhere."""
        self._clock = max(time.time_ns() // 1000, self._clock + 1, after + 1)
        return self._clock


def _lost(error: Exception) -> bool:
    return isinstance(error, Lost) or lost_race(error)


def _fail(asked: Asked, error: Exception) -> None:
    if not asked.outcome.done():
        asked.outcome.set_exception(error)


async def _all(documents: Any, writes: list[Any], session: Session) -> None:
    """Write all of these, or raise Lost when one found its document changed."""
    done = await documents.bulk_write(writes, ordered=False, session=session)
    found = done.matched_count + done.deleted_count
    if found + done.inserted_count + done.upserted_count < len(writes):
        raise Lost
