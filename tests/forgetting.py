"""A database as new, without the second that making one takes."""

import asyncio
from collections.abc import Iterable

from kit.mongo import Mongo
from kit.service import Service


async def forget(mongo: Mongo, collections: Iterable[str]) -> None:
    await asyncio.gather(*(mongo[name].delete_many({}) for name in collections))


async def forget_all(service: Service, *others: str) -> None:
    """What it owns, and what it told."""
    own = (one.name for one in service.collections)
    await forget(service.mongo, {*own, "journal", "once", *others})
