"""Readers who wait for the next message of an exchange, and who are not kept waiting for long."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from kit.collection import Collection
from kit.committer import Committer
from services.support.domain.exchanges import Exchange

log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 0.5
"""Seconds between looks at what other processes have kept."""
OF_ONE: Final = 2
"""Waits of one reader at once: two windows."""


class Waiting:
    """
    Wakes readers once their exchange has changed: at once where this process has kept the change.

    One look serves all who wait. Beyond ``most`` a reader is answered at once, and asks again.
    """

    def __init__(self, exchanges: Collection[Exchange], *, most: int) -> None:
        self.collection, self._most = exchanges, most
        self._readers: Counter[str] = Counter()
        self._bells: defaultdict[str, dict[asyncio.Event, int]] = defaultdict(dict)

    def ring(self, exchange: Exchange) -> None:
        """Wake those who have read an older state."""
        for bell, version in self._bells.get(exchange.id, {}).items():
            if version != exchange.version:
                bell.set()

    async def changed(self, exchange: Exchange, reader: str, *, patience: float) -> None:
        """Return once it is no longer as it was read, or patience is over; or there is no room."""
        if patience <= 0 or self._readers.total() >= self._most or self._readers[reader] >= OF_ONE:
            return
        with self._waits(exchange, reader) as bell, suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await bell.wait()

    @contextmanager
    def _waits(self, exchange: Exchange, reader: str) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._readers[reader] += 1
        self._bells[exchange.id][bell] = exchange.version
        try:
            yield bell
        finally:
            self._readers -= Counter({reader: 1})
            self._bells[exchange.id].pop(bell)
            if not self._bells[exchange.id]:
                del self._bells[exchange.id]

    async def run(self, committer: Committer) -> None:  # noqa: ARG002  # it decides on nothing
        while True:
            try:
                await self._look()
            except Exception:
                log.warning("unable to look for new messages", exc_info=True)
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        """What other processes have kept since, for those who wait here."""
        if self._bells:
            for one in await self.collection.select({"_id": {"$in": [*self._bells]}}):
                self.ring(one)
