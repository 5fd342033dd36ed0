"""A database as new, without the second that making one takes."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from pymongo import monitoring

from kit.mongo import Mongo
from kit.service import Service

WRITES = frozenset(("insert", "update", "findAndModify"))


class _Written(monitoring.CommandListener):
    """
    Which collections of each database anything was written to.

    A service owns dozens and a test writes to a few: emptying all took longer than most tests.
    """

    def __init__(self) -> None:
        self._now: dict[str, set[str]] = defaultdict(set)
        self._before: dict[str, set[str]] = defaultdict(set)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES:
            self._now[event.database_name].add(event.command[event.command_name])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    def names(self, database: str) -> set[str]:
        return self._now[database] | self._before[database]

    def forget(self, database: str, names: set[str]) -> None:
        # A write that was on its way may come after its collection is emptied: that is done twice.
        self._before[database] = (self._before[database] - names) | (self._now[database] & names)
        self._now[database] -= names


_written = _Written()
monitoring.register(_written)


async def forget(mongo: Mongo, collections: Iterable[str]) -> None:
    names = _written.names(mongo.name) & {*collections}
    _written.forget(mongo.name, names)
    await asyncio.gather(*(mongo[name].delete_many({}) for name in names))


async def forget_all(service: Service, *others: str) -> None:
    """What it owns, and what it told."""
    own = (one.name for one in service.collections)
    await forget(service.mongo, {*own, "journal", "once", *others})


async def forget_whole(service: Service) -> None:
    """
    All that was ever written, once the service has ended: for another that begins as on a new one.

    Those who follow one another share a database by ``database_prefix="kept-"``.
    """
    await forget(service.mongo, _written.names(service.mongo.name))
