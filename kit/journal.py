"""Everything a service ever told, in the order it was told, and what it has yet to tell."""

import asyncio
import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from contracts.event import Event, personal_fields
from kit.ids import new_id
from kit.mongo import IndexModel, Mongo, Session, UpdateOne
from kit.problems import Invalid, Unavailable

SLICES = 16

Row = dict[str, Any]
Held = dict[int, int]
"""The slices a relay holds, each with the epoch of its lease."""


LARGEST = 900_000  # bytes; Kafka takes a million, with headers
KEYS_AT_ONCE = 1000


class EventTooLarge(Invalid):
    """What this leads to is too large to be told."""


class NotToldYet(Unavailable):
    """What you wrote is kept, and has not been told to the others yet: ask again."""


class Fenced(Exception):
    """Another relay has taken one of these slices over."""


def slice_of(key: str) -> int:
    return zlib.crc32(key.encode()) % SLICES


def row(event: Event, *, clock: int, correlation: str, at: datetime, trace: str = "") -> Row:
    """
    An event as it will be published, serialised once.

    ``waiting`` is there until the row has its position. ``clock`` rises with each fact of an
    entity, whatever the clocks of the machines say.
    """
    key = event.key
    one = slice_of(key)
    data = event.model_dump_json().encode()
    if len(data) + len(key) > LARGEST:
        # Kafka would refuse it, and all that its service tells would wait behind it for ever.
        raise EventTooLarge
    beside: Row = {"trace": trace} if trace else {}
    if personal := personal_fields(type(event)):
        beside["personal"] = sorted(personal)
    return beside | {
        "_id": new_id(),
        "slice": one,
        "waiting": one,
        "clock": clock,
        "key": key,
        "type": event.type,
        "public": event.audience == "public",
        "at": at,
        "correlation": correlation,
        "data": data,
    }


def headers(one: Row) -> list[tuple[str, bytes]]:
    """A row's CloudEvents attributes, in Kafka's binary mode."""
    service = one["type"].partition(".")[0]
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": one["_id"],
        "ce_type": one["type"],
        "ce_source": f"/{service}",
        "ce_subject": one["key"],
        "ce_time": one["at"].isoformat(),
        "ce_sequence": f"{one['clock']:020}",
        "ce_correlationid": one["correlation"] or one["_id"],
        "ce_position": str(one["position"]),
        "content-type": "application/json",
    }
    if trace := one.get("trace"):
        attributes["traceparent"] = trace
    return [(name, value.encode()) for name, value in attributes.items()]


class Journal:
    """Rows wait until a relay has given them their position; positions of a slice have no gap."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self.rows, self._slices = mongo["journal"], mongo["slices"]

    async def prepare(self) -> None:
        await self._mongo.create("journal", "slices")
        there = {"$exists": True}
        await self.rows.create_indexes(
            [
                IndexModel(
                    [("waiting", 1), ("clock", 1)], partialFilterExpression={"waiting": there}
                ),
                IndexModel(
                    [("slice", 1), ("position", 1)],
                    unique=True,
                    partialFilterExpression={"position": there},
                ),
                IndexModel("key", partialFilterExpression={"personal": there}),
            ]
        )
        fresh = {
            "owner": "",
            "epoch": 0,
            "until": datetime(2000, 1, 1, tzinfo=UTC),
            "last": 0,
            "acked": 0,
            "offset": -1,
        }
        await self._slices.bulk_write(
            [
                UpdateOne({"_id": one}, {"$setOnInsert": fresh}, upsert=True)
                for one in range(SLICES)
            ],
            ordered=False,
        )

    async def waiting(self, most: int) -> tuple[int, datetime | None]:
        """How many rows have no position yet, counted up to ``most``, and since when the oldest."""
        every = {"waiting": {"$in": [*range(SLICES)]}}
        depth = await self.rows.count_documents(every, limit=most)
        oldest = await self.rows.find_one(every, {"at": 1}, sort=[("clock", 1)])
        return depth, oldest and oldest["at"]

    async def has_waiting(self, slices: list[int]) -> bool:
        return bool(await self.rows.find_one({"waiting": {"$in": slices}}, {"_id": 1}))

    async def position(self, held: Held, most: int) -> list[Row]:
        """
        Give what waits its position, and return it in the order to publish it in.

        Found by existence (behind a cursor, a late commit would be missed) and on one snapshot
        (a scan that yields could see a fact and not the one before it). Raises Fenced when
        a lease was lost: the counters are raised only where its epoch still stands.
        """

        async def write(session: Session) -> list[Row]:
            found = self.rows.find(
                {"waiting": {"$in": [*held]}}, batch_size=most + 1, session=session
            )
            rows = list(await found.sort("clock", 1).limit(most).to_list(None))
            if rows:
                await self._raise_counters(held, rows, session)
                ids = [one["_id"] for one in rows]
                place = {"$indexOfArray": [{"$literal": ids}, "$_id"]}
                positions = [one["position"] for one in rows]
                at = {"$arrayElemAt": [{"$literal": positions}, place]}
                await self.rows.update_many(
                    {"_id": {"$in": ids}},
                    [{"$set": {"position": at}}, {"$unset": "waiting"}],
                    session=session,
                )
            return rows

        return list(await self._mongo.transaction(write))

    async def _raise_counters(self, held: Held, rows: list[Row], session: Session) -> None:
        slices = sorted({one["slice"] for one in rows})
        known = self._slices.find({"_id": {"$in": slices}}, session=session)
        last = {one["_id"]: one["last"] for one in await known.to_list(None)}
        for one in rows:
            last[one["slice"]] += 1
            one["position"] = last[one["slice"]]
        raised = await self._slices.bulk_write(
            [UpdateOne({"_id": s, "epoch": held[s]}, {"$set": {"last": last[s]}}) for s in slices],
            ordered=False,
            session=session,
        )
        if raised.matched_count < len(slices):
            raise Fenced

    async def acknowledge(self, held: Held, reached: dict[int, tuple[int, int]]) -> None:
        """Note up to which position each slice is in Kafka, and at which offset."""
        if reached:
            await self._slices.bulk_write(
                [
                    UpdateOne(
                        {"_id": s, "epoch": held[s]}, {"$set": {"acked": acked, "offset": offset}}
                    )
                    for s, (acked, offset) in reached.items()
                ],
                ordered=False,
            )

    async def published(self, slice: int, *, after: int, most: int) -> list[Row]:
        """
        What a slice told past a position, in order: for the relay, feeds and projections.

        It ends where the next row was not yet to be seen, so that a reader never skips one.
        """
        found = self.rows.find({"slice": slice, "position": {"$gt": after}}, batch_size=most + 1)
        rows = list(await found.sort("position", 1).limit(most).to_list(None))
        return [one for n, one in enumerate(rows) if one["position"] == rows[0]["position"] + n]

    async def blank(self, keys: Sequence[str]) -> None:
        """
        Take out of the facts about these entities what says something of a person (erasure).

        The one rewrite of what was told. Who has heard it knows its position, and skips it.
        """
        for at in range(0, len(keys), KEYS_AT_ONCE):
            some = [*keys[at : at + KEYS_AT_ONCE]]
            where = {"key": {"$in": some}, "personal": {"$exists": True}}
            async for found in self.rows.find(where, {"data": 1, "personal": 1}):
                said = json.loads(found["data"])
                blank = said | {name: "" for name in found["personal"] if said.get(name)}
                if blank != said:
                    data = json.dumps(blank, ensure_ascii=False, separators=(",", ":")).encode()
                    await self.rows.update_one({"_id": found["_id"]}, {"$set": {"data": data}})

    async def told(self) -> dict[int, tuple[int, int]]:
        """For each slice the last position given, and the last that is known to be in Kafka."""
        slices = await self._slices.find({}, {"last": 1, "acked": 1}).to_list(None)
        return {one["_id"]: (one["last"], one["acked"]) for one in slices}

    async def begin_again(self, held: Held, slices: list[int]) -> None:
        """Note that nothing of these slices is in Kafka any more."""
        await self._slices.bulk_write(
            [
                UpdateOne(
                    {"_id": s, "epoch": held[s]},
                    {"$set": {"acked": 0, "offset": -1}, "$unset": {"replay": ""}},
                )
                for s in slices
            ],
            ordered=False,
        )

    async def positions(self, ids: list[str], patience: float) -> dict[int, int] | None:
        """
        The last position per slice of these rows; None when a row is unknown.

        Waits for the relay at most ``patience`` seconds, then raises NotToldYet.
        """
        delay, until = 0.005, asyncio.get_running_loop().time() + patience
        while True:
            found = self.rows.find({"_id": {"$in": ids}}, {"slice": 1, "position": 1})
            rows = await found.to_list(None)
            if len(rows) < len(set(ids)):
                return None
            if all("position" in one for one in rows):
                break
            if asyncio.get_running_loop().time() > until:
                raise NotToldYet
            await asyncio.sleep(delay)
            delay = min(delay * 2, 0.05)
        last: dict[int, int] = {}
        for one in rows:
            last[one["slice"]] = max(last.get(one["slice"], 0), one["position"])
        return last
