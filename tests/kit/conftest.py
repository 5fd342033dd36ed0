import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kit.collection import Collection
from kit.service import Service
from kit.tasks import ended
from tests.counters import Counter


@asynccontextmanager
async def keeping(service: Service) -> AsyncIterator[None]:
    """The service's committer at work, and nothing else of it."""
    await service.prepare()
    task = asyncio.create_task(service.committer.run())
    try:
        yield
    finally:
        await ended([task], again=1)


@pytest.fixture
async def counters(service: Service) -> AsyncIterator[Collection[Counter]]:
    counters = service.collection("counters", Counter)
    async with keeping(service):
        yield counters
