"""Which slices of the keys are ours to publish: an equal part for each relay alive."""

import time
from datetime import UTC, datetime
from math import ceil
from typing import Any

from kit.ids import new_id
from kit.journal import SLICES, Held
from kit.mongo import Mongo, UpdateOne

# MongoDB's clock: those of the machines may differ.
EXPIRED = {"$expr": {"$lt": ["$until", "$$NOW"]}}
PAST = datetime(2000, 1, 1, tzinfo=UTC)


class Leases:
    """
    Held for a few seconds, asked for again long before their end.

    A slice's epoch rises whenever it changes hands, so that whoever lost it without noticing
    can no longer give positions. ``name``: as of ``Settings.member``; what another life of this
    process held is ours at once.
    """

    def __init__(self, mongo: Mongo, *, seconds: float = 5, name: str | None = None) -> None:
        self._slices, self._relays = mongo["slices"], mongo["relays"]
        self._mongo, self._seconds = mongo, seconds
        self._me, self._asked_at = new_id(), -seconds
        self._name = name
        self._left = {"$or": [EXPIRED, {"name": name}]} if name else EXPIRED
        self._mine: list[dict[str, Any]] = []

    async def prepare(self) -> None:
        await self._mongo.create("relays")

    async def held(self) -> Held:
        """The slices that are surely ours for the next moments, with their epochs."""
        now = time.monotonic()
        if now > self._asked_at + self._seconds / 3:
            self._mine = []
            self._mine = await self._ask()
            self._asked_at = now
        return {one["_id"]: one["epoch"] for one in self._mine}

    @property
    def slices(self) -> list[dict[str, Any]]:
        """The slices as they were when last asked for: counters and an operator's wishes."""
        return self._mine

    @property
    def sure(self) -> bool:
        """Whether what ``held`` gave last is ours even now, unless another life of us began."""
        return time.monotonic() < self._asked_at + self._seconds * 0.9

    async def still(self, held: Held) -> Held:
        """Those of these slices that nobody has taken since."""
        found = await self._slices.find({"owner": self._me}, {"epoch": 1}).to_list(None)
        epochs = {one["_id"]: one["epoch"] for one in found}
        return {slice: epoch for slice, epoch in held.items() if epochs.get(slice) == epoch}

    def expire(self) -> None:
        """Ask again before the next use."""
        self._asked_at = -self._seconds

    async def release(self) -> None:
        self.expire()
        await self._relays.delete_one({"_id": self._me})
        await self._slices.update_many({"owner": self._me}, {"$set": {"until": PAST, "owner": ""}})

    async def _ask(self) -> list[dict[str, Any]]:
        until = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        alive = {"until": until, "name": self._name}
        await self._relays.update_one({"_id": self._me}, [{"$set": alive}], upsert=True)
        await self._relays.delete_many({"_id": {"$ne": self._me}} | self._left)
        share = ceil(SLICES / await self._relays.count_documents({}))

        free = {"$or": [{"owner": self._me}, self._left]}
        open_to_us = await self._slices.find(free, {"owner": 1, "epoch": 1}).to_list(None)
        open_to_us.sort(key=lambda one: one["owner"] != self._me)
        ours = alive | {"owner": self._me}
        moves = []
        for n, one in enumerate(open_to_us):
            same = {"_id": one["_id"], "owner": one["owner"], "epoch": one["epoch"]}
            if one["owner"] == self._me:
                leave = {"owner": "", "until": PAST}
                moves.append(UpdateOne(same, [{"$set": ours if n < share else leave}]))
            elif n < share:
                taken = ours | {"epoch": {"$add": ["$epoch", 1]}}
                moves.append(UpdateOne(same | self._left, [{"$set": taken}]))
        if moves:
            await self._slices.bulk_write(moves, ordered=False)
        return list(await self._slices.find({"owner": self._me}).to_list(None))
