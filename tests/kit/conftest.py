import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
