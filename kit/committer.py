"""Group commit: decisions that wait at the same moment are kept in one transaction."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from kit import metrics, traces
from kit.clock import now
from kit.collection import Ask, Collection, Place
from kit.context import asking, correlation, trace
from kit.draft import Asked, Draft, Hearing
from kit.mongo import Mongo, cut_off, lost_race, unavailable
from kit.problems import Unavailable
from kit.store import Lost, Store
from kit.tasks import ended

log = structlog.get_logger(__name__)

AHEAD = 100  # decisions that wait, to be worth a batch beside the one that is being written
BREATH = 25  # decisions in a row, then what else this process does has its turn
LOST_TOGETHER, LOST_ALONE = 20, 150  # races in a row after which others no longer wait for it
STUCK_MOST = 120  # seconds that one event may hold up the others of its batch
LEFT_MOST = 1000  # callers that gave up and are still in the queue


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """The batch that is being written: as it was decided beforehand, if it was."""

    draft: Draft | None
    writing: asyncio.Task[bool]


class Committer:
    """The one place where a service writes what it owns."""

    def __init__(
        self,
        service: str,
        mongo: Mongo,
        store: Store,
        told: Callable[[], None],
        *,
        most: int = 500,
        patience: float = 15,
    ) -> None:
        self._service, self._mongo, self._store, self._told = service, mongo, store, told
        self._most, self._patience = most, patience
        self._waiting: deque[Asked] = deque()
        self._bell = asyncio.Event()
        self._clock = self._left = 0
        self._wakers: dict[str, Callable[[datetime], None]] = {}
        self._stuck: dict[str, float] = {}

    @property
    def service(self) -> str:
        return self._service

    def on_wake(self, collection: Collection[Any], ring: Callable[[datetime], None]) -> None:
        """Have ``ring`` told when an entity of this collection falls due, as it is kept."""
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

    def hear(self, heard: list[tuple[Ask, Hearing]]) -> asyncio.Future[list[str]]:
        """Keep what events lead to, in order, and that they were heard; says what came of each."""
        asked = [self._asked(ask, hearing) for ask, hearing in heard]
        self._submit(asked)
        return asyncio.gather(*(one.outcome for one in asked))

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

    async def run(self) -> None:
        """
        Take whatever waits, keep it, then look again: nobody waits for a batch to fill.

        While one batch is being written the next is decided on what that one will leave, if there
        is enough of it to be worth its own transaction. It is written only once that is kept.
        """
        last: _UnderWay | None = None
        try:
            while True:
                await self._worth_taking(last)
                most = min(self._most, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(most)]
                before = last if last and not last.writing.done() else None
                draft = await self._drafted(batch, before)
                if before and not await before.writing:
                    draft = None  # It rests on what was not kept like that.
                last = _UnderWay(draft, asyncio.create_task(self._written(batch, draft)))
                last.writing.add_done_callback(lambda _: self._bell.set())
        finally:
            if last:
                await ended([last.writing], again=0.5)

    async def _worth_taking(self, last: _UnderWay | None) -> None:
        """Return when something waits; while a batch is being written, only when much does."""
        while True:
            enough = 1
            if last and not last.writing.done():
                enough = AHEAD if last.draft else sys.maxsize
            if len(self._waiting) >= enough:
                return
            self._bell.clear()
            await self._bell.wait()

    async def _drafted(self, batch: list[Asked], before: _UnderWay | None) -> Draft | None:
        """Decide now; None when that fails, and is to be tried where failures are dealt with."""
        try:
            return await self._decide(batch, before.draft if before else None)
        except Exception:
            return None

    async def _written(self, batch: list[Asked], draft: Draft | None) -> bool:
        """Keep a batch; says whether it was kept as this draft has it."""
        try:
            return await self._keep(batch, draft)
        except Exception as error:
            log.critical("a batch failed unforeseen", exc_info=True)
            for asked in batch:
                _fail(asked, error)
            return False

    async def _keep(self, batch: list[Asked], ready: Draft | None = None) -> bool:
        """
        Keep a batch, halving it until what fails does so alone.

        Says whether what was decided beforehand is what was kept.
        """
        attempt = 0
        if any(asked.outcome.done() for asked in batch):
            ready = None
        # Whoever gave up waiting no longer wants it done.
        while batch := [asked for asked in batch if not asked.outcome.done()]:
            attempt += 1
            try:
                draft = ready or await self._decide(batch)
                await self._commit(draft, len(batch))
            except Exception as error:
                ready = None
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
                    await self._keep(batch[half:])
                    return False
                elif self._set_aside(batch[0], error):
                    attempt = 0
                else:
                    return False
            else:
                # Kept, whatever happens from here on: never decided again.
                self._tell(draft)
                return draft is ready
        return False

    def _set_aside(self, asked: Asked, error: Exception) -> bool:
        """What cannot be written: an event is tried once more as one to park, a caller is told."""
        hearing = asked.hearing
        passes = _lost(error) or cut_off(error)
        if hearing is None or (passes and self._waits(hearing.record.id)):
            _fail(asked, Unavailable() if passes else error)
            return False
        if hearing.error:
            # Not even parking works. It must not be lost: its slice waits, and this is seen.
            log.error("unable to park", id=hearing.record.id, exc_info=error)
            if not asked.outcome.done():
                asked.outcome.set_result("gap")
            return False
        hearing.error = error
        return True

    def _waits(self, id: str) -> bool:
        """
        Whether an event is to be heard again rather than parked.

        What stands in its way, as a transaction of a process that died, is soon gone; if not, it
        must not hold up all the others.
        """
        time = asyncio.get_running_loop().time
        if time() - self._stuck.setdefault(id, time()) < STUCK_MOST:
            return True
        del self._stuck[id]
        return False

    async def _decide(self, batch: list[Asked], before: Draft | None = None) -> Draft:
        """Decide all, on what there is or what a draft that is being written will leave."""
        known = await self._store.known(batch)
        if before:
            before.carry(known)
        draft = Draft(known, self._tick, now())
        for n, asked in enumerate(batch, 1):
            draft.decide(asked)
            if n % BREATH == 0:
                await asyncio.sleep(0)  # the batch that is being written goes on meanwhile
        return draft

    async def _commit(self, draft: Draft, size: int) -> None:
        if not draft.empty:
            began = time.perf_counter()
            await self._mongo.transaction(lambda session: self._store.write(draft, session))
            metrics.transaction.labels(self._service).observe(time.perf_counter() - began)
        metrics.batch.labels(self._service).observe(size)

    def _tell(self, draft: Draft) -> None:
        # Refusals too are told only now: they may rest on states that were not yet kept.
        counted: dict[str, int] = defaultdict(int)
        for asked, outcome in draft.outcomes:
            refused = isinstance(outcome, Exception)
            if asked.hearing:
                self._stuck.pop(asked.hearing.record.id, None)
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
        for place, stored in draft.changed.items():
            ring = self._wakers.get(place.collection.name)
            if ring and stored.state and stored.state.wake_at:
                ring(stored.state.wake_at)

    def _tick(self, after: int) -> int:
        """A clock that never goes back: not here, and not for an entity changed elsewhere."""
        self._clock = max(time.time_ns() // 1000, self._clock + 1, after + 1)
        return self._clock


def _lost(error: Exception) -> bool:
    return isinstance(error, Lost) or lost_race(error)


def _fail(asked: Asked, error: Exception) -> None:
    if not asked.outcome.done():
        asked.outcome.set_exception(error)
