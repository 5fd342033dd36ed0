"""Events that could not be heard, and those of the same key behind them."""

import traceback
from collections.abc import Container
from datetime import datetime, timedelta
from inspect import isawaitable
from typing import Any

from pydantic import ValidationError

from kit.clock import now
from kit.mongo import IndexModel, Mongo, UpdateOne
from kit.problems import Conflict, NotFound, Problem
from kit.record import Record

DELAYS = [timedelta(seconds=s) for s in (1, 10, 60, 300, 1800, 7200, 43200)]
NEVER = datetime(9999, 1, 1, tzinfo=now().tzinfo)
NOTHING_SAID = b"{}"


class Behind(Exception):
    """An event of the same key is parked, and order is kept."""


class NoPosition(Exception):
    """It has no position: it does not come from a journal of ours."""


class NeverDiscarded(Conflict):
    """This event says who may do what: it can be retried, never discarded."""


def due(error: Exception, attempts: int, at: datetime) -> datetime:
    """When to try again. A refusal, or what cannot be read, stays so however often it is heard."""
    if isinstance(error, Behind):
        return at
    if isinstance(error, (Problem, ValidationError, NoPosition)) or attempts > len(DELAYS):
        return NEVER
    return at + DELAYS[attempts - 1]


def parked(record: Record, error: Exception, at: datetime) -> Any:
    """
    Set an event aside.

    Later events of its lane wait behind it, unless it does not come from a journal of ours:
    a stranger's event holds nobody up.
    """
    stranger = isinstance(error, NoPosition)
    place = f"{record.topic}/{record.partition}/{record.offset}"
    row: dict[str, Any] = {
        "_id": place if stranger else record.id,
        "lane": record.lane,
        "blocks": not stranger,
        "order": record.position or 0,
        # As pairs: a header's name may be anything, a field's may not.
        "record": record._asdict() | {"headers": [*record.headers.items()]},
        "attempts": 1,
        "first": at,
        "due": due(error, 1, at),
        **described(error),
    }
    return UpdateOne({"_id": row.pop("_id")}, {"$setOnInsert": row}, upsert=True)


def tried(record: Record, error: Exception, attempts: int, at: datetime) -> Any:
    again = {"attempts": attempts, "due": due(error, attempts, at), **described(error)}
    return UpdateOne({"_id": record.id}, {"$set": again})


def described(error: Exception) -> dict[str, Any]:
    # A ValidationError's text quotes its input, which may be about a person.
    text = ""
    if isinstance(error, ValidationError):
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        text = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong[:10])
    trace = [f"{f.name} ({f.filename.rpartition('/')[2]}:{f.lineno})" for f in _frames(error)]
    return {"error": {"type": type(error).__name__, "text": text, "trace": trace}}


def _frames(error: Exception) -> list[traceback.FrameSummary]:
    return traceback.extract_tb(error.__traceback__)[-5:]


def _record(row: dict[str, Any]) -> Record:
    return Record(**row["record"] | {"headers": dict(row["record"]["headers"])})


class Parking:
    """The rows set aside: looked at by the bus and by operators, written by the committer."""

    def __init__(self, mongo: Mongo, never_discarded: Container[str]) -> None:
        self._mongo, self.rows = mongo, mongo["parked"]
        self._never_discarded = never_discarded

    async def prepare(self) -> None:
        await self._mongo.create("parked", "discarded")
        # An earlier release kept what they said.
        await self._mongo["discarded"].update_many(
            {"record.value": {"$ne": NOTHING_SAID}}, {"$set": {"record.value": NOTHING_SAID}}
        )
        await self.rows.create_indexes([IndexModel([("lane", 1), ("order", 1)]), IndexModel("due")])

    async def closed(self, lanes: list[str]) -> set[str]:
        """The lanes in which something is parked: what comes later parks behind it."""
        if not lanes:
            return set()
        return set(await self.rows.distinct("lane", {"lane": {"$in": lanes}, "blocks": True}))

    async def still(self, ids: list[str]) -> set[str]:
        """Which of these events are parked."""
        if not ids:
            return set()
        return set(await self.rows.distinct("_id", {"_id": {"$in": ids}}))

    async def due_lanes(self, most: int) -> list[str]:
        """Lanes whose first event is to be heard again now."""
        blocked = await self.rows.distinct("lane", {"due": {"$gt": now()}})
        ready = {"due": {"$lte": now()}, "blocks": True, "lane": {"$nin": blocked}}
        return list(await self.rows.distinct("lane", ready))[:most]

    async def lane(self, lane: str, most: int) -> list[tuple[Record, int]]:
        """A lane's events in order, each with how often it was tried."""
        found = self.rows.find({"lane": lane, "blocks": True}, batch_size=most + 1)
        rows = await found.sort("order", 1).limit(most).to_list(None)
        return [(_record(one), one["attempts"]) for one in rows]

    async def count(self, most: int) -> int:
        """How many events are parked, counted up to ``most``."""
        return int(await self.rows.count_documents({"lane": {"$gte": ""}}, limit=most))

    async def lanes(self, most: int) -> int:
        """Of how many keys something is parked, counted up to ``most``."""
        steps = [{"$sort": {"lane": 1}}, {"$group": {"_id": "$lane"}}, {"$limit": most}]
        found = self.rows.aggregate([*steps, {"$count": "lanes"}])
        counted = await (await found if isawaitable(found) else found).to_list(None)
        return int(counted[0]["lanes"]) if counted else 0

    async def list(self, after: str, most: int) -> list[dict[str, Any]]:
        """For operators: what and why, without the event's own words."""
        shown = {"record.value": 0, "record.headers": 0}
        found = self.rows.find({"_id": {"$gt": after}}, shown).sort("_id", 1).limit(most)
        return list(await found.to_list(None))

    async def retry(self, id: str) -> None:
        """An operator has mended the cause: now is the time."""
        done = await self.rows.update_one({"_id": id}, {"$set": {"due": now()}})
        if not done.matched_count:
            raise NotFound(id)

    async def discard(self, id: str, *, by: str, reason: str) -> None:
        """
        An operator gives this event up; those behind it go on. Who and why is kept.

        What it said is not: it may be about people, and stands in the journal of who told it.
        """
        row = await self.rows.find_one({"_id": id})
        if row is None:
            raise NotFound(id)
        if _record(row).type in self._never_discarded and row["blocks"]:
            raise NeverDiscarded
        told = {"discarded_at": now(), "discarded_by": by, "reason": reason}
        kept = row | told | {"record": row["record"] | {"value": NOTHING_SAID}}
        await self._mongo["discarded"].replace_one({"_id": id}, kept, upsert=True)
        await self.rows.delete_one({"_id": id})
