"""Time and outside work: entities that wait, and what is done when their moment has come."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, Protocol

import structlog

from kit import traces
from kit.change import Change, T
from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.context import correlation
from kit.ids import new_id
from kit.mongo import IndexModel

log = structlog.get_logger(__name__)

EVERY = 5  # seconds
TOGETHER = 0.05  # seconds
AGAIN_AFTER = 1  # second that follows a failure
GRACE = 10  # seconds that what is under way has to end, at the end of the process
SET_ASIDE_MOST = 1000

DATED = {"wake_at": {"$type": "date"}}
WAKE = IndexModel("wake_at", partialFilterExpression=DATED)
Lanes = Sequence[dict[str, Any]]


def due_by(at: datetime) -> dict[str, Any]:
    """What is due: said with its type, or MongoDB would not look in an index of dates alone."""
    return {"wake_at": {"$type": "date", "$lte": at}}


class Job(Protocol):
    """Something to be done on entities of one collection as they fall due."""

    @property
    def collection(self) -> Collection[Any]: ...

    async def run(self, committer: Committer) -> None: ...


class _Due(Generic[T]):
    """
    Finds what is due as its moment comes, when this process kept it or saw it wait.

    What another process kept, and did not live to do, is found within ``every`` seconds.
    """

    def __init__(
        self, collection: Collection[T], every: float, most: int, lanes: Lanes = ({},)
    ) -> None:
        self.collection, self._every, self._most, self._lanes = collection, every, most, lanes
        self._bell = asyncio.Event()
        self._sleeps_until = now()
        self._failed: dict[str, tuple[float, float]] = {}

    def set_aside(self, id: str) -> None:
        """
        Look at this one later, and later each time.

        Those that fail are due before all others, and would leave room for none.
        """
        first = min(self._every, AGAIN_AFTER)
        at, longest = time.monotonic(), first * 60
        _, delay = self._failed.pop(id, (at, first / 2))
        delay = min(delay * 2, longest)
        self._failed[id] = at + delay, delay
        known = list(self._failed.items())[-SET_ASIDE_MOST:]
        self._failed = {one: failed for one, failed in known if failed[0] > at - longest}

    def ring(self, at: datetime) -> None:
        """Something was kept that falls due at ``at``."""
        if at < self._sleeps_until:
            self._bell.set()

    async def next(self) -> list[tuple[T, str]]:
        """Those that are due, each with the span that changed it last."""
        while True:
            self._bell.clear()
            begun, later = now(), self._later()
            self._sleeps_until = begun + timedelta(seconds=self._every * random.uniform(0.8, 1.2))
            try:
                if found := await self._look([*later]):
                    return found
                next_ones = [*await self._next_one(begun), *later.values()]
            except Exception:
                log.warning("unable to look for what is due", exc_info=True)
                next_ones = [begun + timedelta(seconds=AGAIN_AFTER)]
            self._sleeps_until = min([self._sleeps_until, *next_ones])
            # Not wait_for: before Python 3.12 it loses a cancellation that comes with the bell.
            with suppress(TimeoutError):
                async with asyncio.timeout((self._sleeps_until - now()).total_seconds()):
                    await self._bell.wait()

    def _later(self) -> dict[str, datetime]:
        """Those set aside, and until when."""
        at, here = now(), time.monotonic()
        waits = {one: until - here for one, (until, _) in self._failed.items()}
        return {one: at + timedelta(seconds=left) for one, left in waits.items() if left > 0}

    async def _next_one(self, after: datetime) -> list[datetime]:
        """When the next of those that wait falls due, if any waits."""
        waiting = {"wake_at": {"$type": "date", "$gt": after}}
        first = await self.collection.documents.find_one(
            waiting, {"wake_at": 1}, sort=[("wake_at", 1)]
        )
        # Not at the very moment: of several processes one does it, and the others see that.
        late = timedelta(seconds=random.uniform(0.001, TOGETHER))
        return [first["wake_at"] + late] if first else []

    async def _look(self, later: list[str]) -> list[tuple[T, str]]:
        found = list[tuple[T, str]]()
        for lane in self._lanes:
            if room := self._most - len(found):
                known = [*later, *(one.id for one, _ in found)]
                due = due_by(now()) | lane | {"_id": {"$nin": known}}
                order = [("wake_at", 1)]
                found += await self.collection.followed(due, sort=order, most=room)
        return found


@dataclass(slots=True)
class Timer(Generic[T]):
    """
    Wakes entities with a decision.

    ``wake`` gives what to ask for an entity whose ``wake_at`` has come; the decision must move
    ``wake_at`` on or clear it. Two processes may wake the same one: decisions are idempotent.
    """

    collection: Collection[T]
    wake: Callable[[T], Ask]
    every: float = EVERY
    most: int = 500

    async def run(self, committer: Committer) -> None:
        due = _Due(self.collection, self.every, self.most)
        committer.on_wake(self.collection, due.ring)
        while True:
            found = await due.next()
            with self._spans(committer.service, found) as spans:
                outcomes = await committer.keep_all([self._ask(one) for one, _ in found], spans)
            failed = [
                (one.id, outcome)
                for (one, _), outcome in zip(found, outcomes, strict=True)
                if isinstance(outcome, Exception)
            ]
            for id, error in failed:
                log.warning("unable to wake", collection=self.collection.name, exc_info=error)
                due.set_aside(id)
            if failed:
                await asyncio.sleep(min(self.every, AGAIN_AFTER))

    @contextmanager
    def _spans(self, service: str, found: list[tuple[T, str]]) -> Iterator[list[str]]:
        """
        For each a trace of its own, linked to the one that set its time.

        That was days ago, perhaps: one trace for both would never be whole.
        """
        name = f"wake {self.collection.name}"
        begun = [
            traces.begin(service, name, "internal", "", root=traces.sampled(before), links=[before])
            for _, before in found
        ]
        try:
            yield [traces.named(span) if span else "" for span in begun]
        finally:
            for span in begun:
                if span:
                    span.end()

    def _ask(self, one: T) -> Ask:
        """What to ask for one; what ``wake`` raises concerns this one only."""
        try:
            return self.wake(one)
        except Exception as error:
            return _failing(error)


@dataclass(slots=True)
class Worker(Generic[T]):
    """
    Does outside work for entities that are due, a few at a time.

    ``claim`` counts the attempt and moves ``wake_at`` on by a lease, so that whoever dies at work
    is followed by another; it gives no change when the entity is no longer due. ``work`` does
    the work and records it by a decision of its own. What is due in one of the ``lanes`` goes
    before all that is due in the next; an index must know each.
    """

    collection: Collection[T]
    claim: Callable[[T | None, datetime], Change[T]]
    work: Callable[[T], Awaitable[None]]
    at_once: int = 10
    every: float = EVERY
    lanes: Lanes = ({},)

    async def run(self, committer: Committer) -> None:
        due = _Due(self.collection, self.every, self.at_once * 4, self.lanes)
        committer.on_wake(self.collection, due.ring)
        busy: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                for one, before in await due.next():
                    if one.id not in busy:
                        doing = self._one(one.id, due, committer.service, before)
                        busy[one.id] = asyncio.create_task(doing)
                        busy[one.id].add_done_callback(partial(_forget, busy, one.id))
                    if len(busy) >= self.at_once:
                        await asyncio.wait(busy.values(), return_when=asyncio.FIRST_COMPLETED)
                # Those under way are still due until they are claimed.
                await asyncio.sleep(0 if not busy else 0.01)
        finally:
            # Cut off between the work and its record, it would be done twice.
            if under_way := [*busy.values()]:
                _, late = await asyncio.wait(under_way, timeout=GRACE)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _one(self, id: str, due: _Due[T], service: str, before: str) -> None:
        correlation.set(new_id())
        try:
            # In the trace of what set its time: this is how that request ends.
            with traces.span(service, f"work {self.collection.name}", parent=before):
                if claimed := await self._claimed(id):
                    await self.work(claimed)
        except Exception:
            log.exception("unable to work", collection=self.collection.name, id=id)
            due.set_aside(id)
            await asyncio.sleep(min(self.every, AGAIN_AFTER))

    async def _claimed(self, id: str) -> T | None:
        """The entity as we claimed it; None when another did, or there is nothing left to do."""
        ours = False

        def claim(current: T | None) -> Change[T]:
            nonlocal ours
            change = self.claim(current, now())
            ours = change.state is not None and change.state != current
            return change

        state = await self.collection.change(id, claim)
        return state if ours else None


def _failing(error: Exception) -> Ask:
    def fail() -> tuple[Change[Any], ...]:
        raise error

    return Ask((), fail)


def _forget(busy: dict[str, asyncio.Task[None]], id: str, _: asyncio.Task[None]) -> None:
    busy.pop(id, None)
