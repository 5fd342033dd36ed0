import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kit.collection import Collection
from kit.service import Service
from tests.counters import Counter


@asynccontextmanager
async def keeping(service: Service) -> AsyncIterator[None]:
    """The service's committer at work, and nothing else of it."""
    await service.prepare()
    task = asyncio.create_task(service.committer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def counters(service: Service) -> AsyncIterator[Collection[Counter]]:
    counters = service.collection("counters", Counter)
    async with keeping(service):
        yield counters
