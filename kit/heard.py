"""How far a service has heard each slice of each topic, and how fresh what it knows is."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from kit.clock import now
from kit.journal import SLICES
from kit.mongo import Mongo, UpdateOne, unavailable
from kit.problems import Unavailable

log = structlog.get_logger(__name__)

CLOCKS_APART = timedelta(seconds=30)
AHEAD = timedelta(seconds=1)
"""How far another's clock may be ahead of ours: what it says is younger than it is by that much."""


class NotHeardYet(Unavailable):
    """What you wrote has not reached this answer yet: ask again."""


class TooStale(Unavailable):
    """What is known here about rights and sessions may be out of date: ask again."""


class Heard:
    """Reads the positions that the committer writes with the effects, and keeps heartbeats."""

    def __init__(self, mongo: Mongo, *, max_age: float, patience: float) -> None:
        self._positions, self._beats = mongo["heard"], mongo["heartbeats"]
        self._mongo, self._max_age, self._patience = mongo, max_age, patience
        self._fresh: dict[str, datetime] = {}
        self._unsaved: set[str] = set()
        self._ahead: dict[str, datetime] = {}
        self._known: dict[str, tuple[float, datetime | None]] = {}

    async def prepare(self) -> None:
        await self._mongo.create("heard", "heartbeats")

    def beat(self, slice: str, as_of: datetime) -> None:
        """
        All that this slice was told before ``as_of`` has been applied here.

        A clock that is far ahead of ours, or that ours is behind, would make what is old look new.
        """
        if _from_the_future(as_of):
            if slice not in self._ahead:
                log.error("a heartbeat comes from the future: a clock is wrong", slice=slice)
            self._ahead[slice] = as_of
            return
        self._ahead.pop(slice, None)
        as_of = min(as_of, now())
        if as_of > self._fresh.get(slice, as_of.min.replace(tzinfo=as_of.tzinfo)):
            self._fresh[slice] = as_of
            self._unsaved.add(slice)

    async def keep_saving(self, every: float) -> None:
        """For the other processes of the service, which hear other slices."""
        while True:
            await asyncio.sleep(every)
            if unsaved := {slice: self._fresh[slice] for slice in self._unsaved}:
                try:
                    await self._beats.bulk_write(_saving(unsaved), ordered=False)
                except Exception as error:
                    if not unavailable(error):
                        raise
                    continue  # The next time: what is said later is as good.
                self._unsaved = {s for s in self._unsaved if unsaved.get(s) != self._fresh[s]}

    async def require_fresh(self, topic: str) -> None:
        """Raise TooStale unless all that the topic told until a few seconds ago is known here."""
        age = await self.age(topic)
        if age is None or age > self._max_age:
            raise TooStale

    async def age(self, topic: str) -> float | None:
        """Seconds since the moment up to which all of a topic is surely known; None: never was."""
        slices = [f"{topic}/{n}" for n in range(SLICES)]
        here = [at for one in slices if (at := self._believed(one, self._fresh.get(one)))]
        if len(here) == SLICES and (age := _age(min(here))) < self._max_age / 2:
            return age
        read_at, as_of = self._known.get(topic, (0.0, None))
        if time.monotonic() - read_at > 0.2:
            as_of = await self._read(topic)
            self._known[topic] = time.monotonic(), as_of
        return None if as_of is None else _age(as_of)

    async def _read(self, topic: str) -> datetime | None:
        row = await self._beats.find_one({"_id": topic})
        kept = row["as_of"] if row else {}
        moments = []
        for n in range(SLICES):
            slice = f"{topic}/{n}"
            said = (kept.get(str(n)), self._fresh.get(slice))
            believed = (self._believed(slice, one) for one in said)
            moments.append(max(filter(None, believed), default=None))
        return None if None in moments else min(m for m in moments if m)

    def _believed(self, slice: str, as_of: datetime | None) -> datetime | None:
        """
        Nothing, if a clock was wrong then or is now: what is old would look new.

        Nor is it believed once our clock has come to that moment: it is as old as it was.
        """
        if as_of is not None and _from_the_future(as_of):
            self._ahead[slice] = as_of
        return None if as_of == self._ahead.get(slice) else as_of

    async def wait_for(self, positions: dict[str, int]) -> None:
        """Return once these positions have been heard by this service, else raise NotHeardYet."""
        delay, until = 0.005, time.monotonic() + self._patience
        while True:
            last = await self.positions([*positions])
            if all(last.get(slice, 0) >= position for slice, position in positions.items()):
                return
            if time.monotonic() > until:
                raise NotHeardYet
            await asyncio.sleep(delay)
            delay = min(delay * 2, 0.05)

    async def forgotten(self, claims: Mapping[str, tuple[int, datetime]]) -> set[str]:
        """
        The slices whose teller says, long after we heard more of it, that it has told less.

        Its journal was lost: it gives positions again that we have heard, and we would skip them.
        """
        rows = await self._positions.find({"_id": {"$in": [*claims]}}).to_list(None)
        return {
            one["_id"]
            for one in rows
            if claims[one["_id"]][0] < one["last"]
            and claims[one["_id"]][1] > one.get("at", now()) + CLOCKS_APART
            and not _from_the_future(claims[one["_id"]][1])
        }

    async def positions(self, slices: list[str] | None = None) -> dict[str, int]:
        where: dict[str, Any] = {} if slices is None else {"_id": {"$in": slices}}
        return {one["_id"]: one["last"] for one in await self._positions.find(where).to_list(None)}


def _saving(unsaved: dict[str, datetime]) -> list[UpdateOne]:
    """One row for a topic: a row for each slice, every second, is what an idle platform costs."""
    topics: dict[str, dict[str, Any]] = defaultdict(dict)
    for slice, as_of in unsaved.items():
        topic, _, n = slice.rpartition("/")
        topics[topic][f"as_of.{n}"] = _later(f"$as_of.{n}", as_of)
    return [
        UpdateOne({"_id": topic}, [{"$set": moments}], upsert=True)
        for topic, moments in topics.items()
    ]


def _later(kept: str, as_of: datetime) -> dict[str, Any]:
    """The later of this moment and the one that is kept, unless a wrong clock kept that."""
    wrong = {"$gt": [kept, now() + AHEAD]}
    return {"$cond": [wrong, as_of, {"$max": [kept, as_of]}]}


def _from_the_future(as_of: datetime) -> bool:
    return as_of > now() + AHEAD


def _age(as_of: datetime) -> float:
    return max(0.0, (now() - as_of).total_seconds())
