"""One service on a real database, without Kafka: what the others tell is handed to it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
from fastapi import FastAPI

from contracts.event import Event
from kit import journal
from kit.clock import now
from kit.internal import Caller, sign
from kit.record import Record
from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE
from tests.forgetting import forget_all


class Stage:
    def __init__(self, service: Service, app: FastAPI) -> None:
        self.service, self.app = service, app
        self._last: dict[str, int] = defaultdict(int)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Self]:
        """With the committer and the jobs of the service, until the end of the block."""
        await self.service.prepare()
        keeping = asyncio.create_task(self.service.committer.run())
        jobs = [asyncio.create_task(job.run(self.service.committer)) for job in self.service.jobs]
        try:
            yield self
        finally:
            for tasks in (jobs, [keeping]):
                await ended(tasks, again=GRACE + 2)

    async def forget(self) -> None:
        """As new, without the second that a new database takes."""
        await forget_all(self.service, "heard", "parked")
        self._last.clear()
        for slice in range(journal.SLICES):
            self.service.heard.beat(f"users.events/{slice}", now())

    async def hear(self, *events: Event) -> None:
        """Every event is brought twice, as Kafka may."""
        records = [self._record(event) for event in events]
        for heard in (records, records):
            assert await self.service.bus.hear(heard) == set()
        assert await self.service.parking.count(1) == 0

    async def mishear(self, event: Event) -> None:
        """Bring what nobody can read any more."""
        assert await self.service.bus.hear([self._record(event)._replace(value=b"{")]) == set()
        assert await self.service.parking.count(1) == 1

    def _record(self, event: Event) -> Record:
        row = journal.row(event, clock=1, correlation="journey", at=now())
        slice = f"{event.topic()}/{row['slice']}"
        self._last[slice] += 1
        row["position"] = self._last[slice]
        headers = {name: value.decode() for name, value in journal.headers(row)}
        return Record(event.topic(), row["slice"], row["position"], event.key, headers, row["data"])

    async def told(self) -> list[str]:
        return [row["type"] for row in await self._rows()]

    async def _rows(self) -> list[dict[str, Any]]:
        return list(await self.service.journal.rows.find().sort("clock", 1).to_list(None))

    def by(self, user: str = "", *, operator: bool = False) -> httpx.AsyncClient:
        return self._client(Caller(user_id=user, operator=operator))

    def system(self, *scopes: str, structures: tuple[str, ...] = ()) -> httpx.AsyncClient:
        """Another system with these scopes, for these structures or for all."""
        limits = {"scopes": frozenset(scopes), "structures": frozenset(structures)}
        return self._client(Caller(client_id="erp", **limits))

    def _client(self, caller: Caller) -> httpx.AsyncClient:
        key = self.service.settings.internal_key.get_secret_value()
        word = sign(caller, key, at=now())
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://service",
            headers={"authorization": f"Bearer {word}"},
        )


async def soon(holds: Any, *, within: float = 5) -> Any:
    """What ``holds`` gives once it gives something; fails when that takes too long."""
    async with asyncio.timeout(within):
        while not (found := await holds()):  # noqa: ASYNC110  # it is kept elsewhere
            await asyncio.sleep(0.01)
        return found
