"""What a batch of decisions reads first, and what it writes in the end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from kit.clock import now
from kit.collection import Collection, Place, Stored
from kit.draft import Asked, Done, Draft, Known
from kit.mongo import IndexModel, Mongo, Session
from kit.parking import Parking

ONCE_KEPT = 24 * 3600  # seconds, as Idempotency-Key promises


class Lost(Exception):
    """Somebody else changed one of these entities since we read it."""


class Store:
    """The database of a service, for its committer."""

    def __init__(self, mongo: Mongo, parking: Parking) -> None:
        self._mongo, self._parking = mongo, parking

    async def prepare(self) -> None:
        await self._mongo.create("once")
        forget = IndexModel("at", expireAfterSeconds=ONCE_KEPT)
        await self._mongo["once"].create_indexes([forget])

    async def known(self, batch: list[Asked]) -> Known:
        wanted: dict[Collection[Any], set[str]] = defaultdict(set)
        once, slices, lanes, again = list[str](), set[str](), set[str](), list[str]()
        for asked in batch:
            places = asked.ask.places
            if asked.hearing:
                places += asked.hearing.otherwise.places if asked.hearing.otherwise else ()
                if asked.hearing.attempt:
                    again += filter(None, (asked.hearing.record.id, asked.hearing.after))
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
        closed = await self._parking.closed([*lanes])
        loaded = await asyncio.gather(
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

    async def write(self, draft: Draft, session: Session) -> None:
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


async def _all(documents: Any, writes: list[Any], session: Session) -> None:
    """Write all of these, or raise Lost when one found its document changed."""
    done = await documents.bulk_write(writes, ordered=False, session=session)
    found = done.matched_count + done.deleted_count
    if found + done.inserted_count + done.upserted_count < len(writes):
        raise Lost
