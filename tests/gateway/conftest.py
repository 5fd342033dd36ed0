"""A gate on a real port, and the services behind it."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.doors import Door, Upstream, a_door, an_upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with an_upstream() as one:
        yield one


@pytest.fixture
async def door(upstream: Upstream) -> AsyncIterator[Door]:
    async with a_door(upstream) as one:
        yield one
