"""Waiting until nothing is on its way any more."""

import asyncio
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from kit.parking import NEVER
from tests.faults.lives import Life
from tests.faults.points import HEARING, TELLING
from tests.faults.stage import Stage
from tests.faults.tally import clock

PATIENCE = 600.0
LATER = Life(skew=14 * 3600)
"""A letter that failed often waits half a day for its next attempt."""


class NeverSettled(Exception):
    """Something is still on its way."""


async def settle(stage: Stage, patience: float = PATIENCE) -> float:
    """Seconds until all was told, heard and sent; the clock of letters is moved on by hours."""
    began = clock()
    async with AsyncMongoClient[dict[str, Any]](stage.mongo) as client:
        while True:
            try:
                left, letters = await _on_their_way(client)
            except PyMongoError as error:
                left, letters = [type(error).__name__], 0
            if not left and not letters:
                return clock() - began
            if not left and stage.services.lives["notifications"] != LATER:
                await asyncio.sleep(5)  # Those that are due leave by themselves.
                stage.services.kill("notifications", LATER)
                await asyncio.sleep(1)
            if clock() - began > patience:
                raise NeverSettled(f"{left[:10]}, {letters} letters")
            await asyncio.sleep(1)


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
    letters = await client["notifications"]["letters"].count_documents({"status": "waiting"})
    return left, letters
