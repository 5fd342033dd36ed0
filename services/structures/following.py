"""Gives what was imported the grams it is found by: an import is not held up by them."""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.measures import MOST
from kit.mongo import UpdateOne
from kit.tasks import now_and_then
from services.structures.domain.structures import Structure
from services.structures.search import DIGITS_THAT_ORDER, grams_of

AT_ONCE: Final = 1_000
AWAITING: Final = {"awaits_grams": True}
LATELY: Final = timedelta(seconds=3)
RESTS: Final = 9
"""Times as long as it worked, while an import goes on: a tenth of the time is enough to begin."""


async def awaiting(structures: Collection[Structure]) -> int:
    """How many are not found by words yet; counted up to MOST."""
    named = {"order": {"$gte": 0}} | AWAITING  # for the index that has no others
    return int(await structures.documents.count_documents(named, limit=MOST))


@dataclass(frozen=True, slots=True)
class Following:
    """
    Takes those that wait in the order of ids, in which the entries of each gram are neighbours.

    Nothing is remembered between two batches, so that whoever dies is followed by any other. Two
    processes begin at different places, and give the same to those that both have read.
    """

    collection: Collection[Structure]
    every: float = 5

    async def run(self, _: Committer) -> None:
        await now_and_then(self.follow, every=self.every, what="give structures their grams")

    async def follow(self) -> None:
        """Go on until none waits."""
        places = 16**DIGITS_THAT_ORDER
        for start in (random.randrange(places), 0):
            at: int | None = start
            while at is not None:
                began = time.monotonic()
                at = await self._batch(at)
                if at is not None and await self._importing():
                    await asyncio.sleep((time.monotonic() - began) * RESTS)

    async def _batch(self, start: int) -> int | None:
        """Where to go on; None when nothing waits from there on."""
        documents = self.collection.documents
        waiting = documents.find({"order": {"$gte": start}} | AWAITING, batch_size=AT_ONCE + 1)
        found = await waiting.sort("order", 1).limit(AT_ONCE).to_list(None)
        if not found:
            return None
        # One that was changed meanwhile got its grams with that; its turn comes again.
        given = [
            UpdateOne(
                {"_id": one["_id"], "version": one["version"]},
                {
                    "$set": {"grams": grams_of(self.collection.state(one))},
                    "$unset": {"awaits_grams": ""},
                },
            )
            for one in found
        ]
        await documents.bulk_write(given, ordered=False)
        return int(found[-1]["order"])

    async def _importing(self) -> bool:
        """Whether what came last to the collection waits too, and came just now."""
        last = await self.collection.documents.find_one({}, sort=[("$natural", -1)])
        return bool(last and "awaits_grams" in last and now() - last["created_at"] < LATELY)
