"""Files of any length pass through the gateway piece by piece."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.gateway.doors import Door, Upstream, a_door, an_access_token, an_upstream

TOKEN = an_access_token()
PATIENCE = 0.4


@pytest.fixture(scope="module")
async def known_upstream() -> AsyncIterator[Upstream]:
    async with an_upstream() as one:
        yield one


@pytest.fixture
def upstream(known_upstream: Upstream) -> Upstream:
    known_upstream.pieces = None
    return known_upstream


@pytest.fixture(scope="module")
async def door(known_upstream: Upstream) -> AsyncIterator[Door]:
    async with a_door(known_upstream, upstream_patience=PATIENCE) as one:
        yield one


def asking(door: Door) -> "aiohttp.client._RequestContextManager":
    url = f"http://127.0.0.1:{door.port}/v1/structures.csv"
    return door.client.get(url, headers={"Authorization": f"Bearer {TOKEN}"})


class TestADownload:
    async def test_begins_before_the_service_has_all_of_it(
        self, door: Door, upstream: Upstream
    ) -> None:
        seen = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            await seen.wait()
            yield b"last"

        upstream.pieces = pieces
        async with asking(door) as answer:
            assert await answer.content.readany() == b"first"
            seen.set()
            assert await answer.content.read() == b"last"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Disposition"] == "attachment"
            assert "X-Correlation-Id" in answer.headers

    async def test_may_take_longer_than_other_answers(self, door: Door, upstream: Upstream) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(4):
                await asyncio.sleep(PATIENCE / 2)
                yield b"x"

        upstream.pieces = pieces
        async with asking(door) as answer:
            assert await answer.read() == b"xxxx"

    async def test_of_any_length_is_whole(self, door: Door, upstream: Upstream) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(200):
                yield b"x" * 50_000

        upstream.pieces = pieces
        async with asking(door) as answer:
            assert len(await answer.read()) == 10_000_000

    @pytest.mark.parametrize("fails", [True, False], ids=["the line is cut", "silence"])
    async def test_that_does_not_end_is_not_taken_for_the_whole(
        self, door: Door, upstream: Upstream, fails: bool
    ) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            if fails:
                upstream.last.transport.abort()
            await asyncio.sleep(PATIENCE * 3)

        upstream.pieces = pieces
        async with asking(door) as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    async def test_ends_when_its_client_has_gone(self, door: Door, upstream: Upstream) -> None:
        ended = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 1_000
                    await asyncio.sleep(0.01)
            finally:
                ended.set()

        upstream.pieces = pieces
        async with asking(door) as answer:
            await answer.content.readany()
            answer.close()
        await asyncio.wait_for(ended.wait(), 2)
