import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from kit import parking
from kit.collection import Collection
from kit.service import Service
from kit.tasks import ended
from tests.counters import Counter
from tests.kit.trial import Trial


@asynccontextmanager
async def keeping(service: Service) -> AsyncIterator[None]:
    """The service's committer at work, and nothing else of it."""
    await service.prepare()
    task = asyncio.create_task(service.committer.run())
    try:
        yield
    finally:
        await ended([task], again=1)


@dataclass
class Hanging:
    """A broker that takes connections and answers nothing, as a machine that stands still does."""

    address: str = ""
    tries: list[float] = field(default_factory=list)
    """When each connection was asked for."""

    async def given_up(self) -> float:
        """Seconds from the first to the second."""
        async with asyncio.timeout(10):
            while len(self.tries) < 2:  # noqa: ASYNC110  # by another task
                await asyncio.sleep(0.05)
        return self.tries[1] - self.tries[0]


@pytest.fixture
async def hanging() -> AsyncIterator[Hanging]:
    hanging, taken = Hanging(), list[asyncio.StreamWriter]()

    def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.tries.append(time.monotonic())
        taken.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    hanging.address = "{}:{}".format(*server.sockets[0].getsockname())
    yield hanging
    for one in taken:
        one.close()
    server.close()


@pytest.fixture
async def counters(service: Service) -> AsyncIterator[Collection[Counter]]:
    counters = service.collection("counters", Counter)
    async with keeping(service):
        yield counters


@pytest.fixture
async def trial(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parking, "DELAYS", [timedelta(0)] * 2)
    trial = Trial(service)
    async with keeping(service):
        yield trial


@pytest.fixture
async def guarded(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parking, "DELAYS", [timedelta(0)] * 2)
    trial = Trial(service, guarded=True)
    async with keeping(service):
        yield trial
