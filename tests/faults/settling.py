"""Waiting until nothing is on its way any more."""

import asyncio
from contextlib import suppress
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from kit.clock import now
from kit.parking import NEVER
from services.notifications.domain.attempts import LEASE
from tests.faults.points import HEARING, TELLING
from tests.faults.stage import Stage
from tests.faults.tally import clock

PATIENCE = 600.0
WAITING = {"status": "waiting"}


class NeverSettled(Exception):
    """Something is still on its way."""


async def settle(stage: Stage, patience: float = PATIENCE) -> float:
    """
    Seconds until all was told, heard and sent.

    A letter that failed often waits half a day for its next attempt: it falls due at once. Not one
    that is being sent: its lease holds.
    """
    began = clock()
    async with AsyncMongoClient[dict[str, Any]](stage.mongo) as client:
        while True:
            try:
                left, letters = await _on_their_way(client)
            except PyMongoError as error:
                left, letters = [type(error).__name__], 0
            if not left and not letters:
                return clock() - began
            if not left:
                await _make_due(client["notifications"]["letters"])
            if clock() - began > patience:
                raise NeverSettled(f"{left[:10]}, {letters} letters")
            await asyncio.sleep(1)


async def _make_due(letters: AsyncCollection[dict[str, Any]]) -> None:
    later = WAITING | {"wake_at": {"$gt": now() + LEASE}}
    with suppress(PyMongoError):
        await letters.update_many(later, {"$set": {"wake_at": now()}})


async def _on_their_way(client: AsyncMongoClient[dict[str, Any]]) -> tuple[list[str], int]:
    left, last = [], dict[str, int]()
    for service in TELLING:
        if waiting := await client[service]["journal"].count_documents({"waiting": {"$gte": 0}}):
            left.append(f"{waiting} events of {service} wait")
        async for one in client[service]["slices"].find():
            last[f"{service}.events/{one['_id']}"] = one["last"]
            if one["acked"] < one["last"]:
                left.append(f"{service}/{one['_id']} is told up to {one['acked']} of {one['last']}")
    for hearer in HEARING:
        left += [
            f"{hearer} has heard {one['last']} of {last[one['_id']]} in {one['_id']}"
            async for one in client[hearer]["heard"].find()
            if one["last"] < last.get(one["_id"], 0)
        ]
        if parked := await client[hearer]["parked"].count_documents({"due": {"$lt": NEVER}}):
            left.append(f"{parked} events wait to be heard again by {hearer}")
    letters = await client["notifications"]["letters"].count_documents(WAITING)
    return left, letters
