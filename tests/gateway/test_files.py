"""Files on their way through the gate: larger than other bodies, and within its memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.gateway.doors import Upstream, a_door, an_access_token
from tests.platform import until

TOKEN = an_access_token()
FILES = "/v1/structures/1/attachments"
FILE = b"%PDF" * 5_000


class TestSize:
    async def test_is_larger_where_files_are_posted_and_nowhere_else(self, upstream: Upstream):
        async with a_door(upstream, file_limit=20_000) as door:
            assert (await door.ask("POST", FILES, token=TOKEN, data=FILE)).status == 200
            assert upstream.bodies == [FILE]
            for method, path in (
                ("PUT", FILES),
                ("POST", f"{FILES}/1"),
                ("POST", "/v1/structures"),
                ("POST", "/v1/structures/1/2/attachments"),
                ("POST", "/v1/structures/1%2fattachments"),
            ):
                answer = await door.ask(method, path, token=TOKEN, data=FILE)
                assert answer.status in (400, 413), path
            assert len(upstream.asked) == 1

    @pytest.mark.feature("PJS-05")
    async def test_has_its_own_limit(self, upstream: Upstream):
        async with a_door(upstream, file_limit=19_999) as door:
            assert (await door.ask("POST", FILES, token=TOKEN, data=FILE)).status == 413
            # Without saying beforehand how much it is.
            answer = await door.ask("POST", FILES, token=TOKEN, data=chunked())
            assert answer.status == 413
        assert not upstream.asked

    async def test_is_whole_or_nothing(self, upstream: Upstream):
        async with a_door(upstream) as door:
            head = f"POST {FILES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(f"{head}Content-Length: 20000\r\n\r\n".encode() + FILE[:10_000])
            await writer.drain()
            writer.close()
            await asyncio.sleep(0.05)
        assert not upstream.asked


class TestRoom:
    async def test_is_shared_by_all_that_are_on_their_way_and_given_back(self, upstream: Upstream):
        async with a_door(upstream, file_room=30_000, upstream_patience=0.5) as door:
            upstream.hangs = True

            async def arrived() -> list[bytes]:
                return upstream.bodies

            first = asyncio.create_task(door.ask("POST", FILES, token=TOKEN, data=FILE))
            await until(arrived, bool)
            second = await door.ask("POST", FILES, token=TOKEN, data=FILE)
            assert (second.status, second.headers["Retry-After"]) == (503, "1")
            assert (await second.json())["type"] == "/problems/too-many-files"
            assert (await first).status == 503
            upstream.hangs = False
            assert (await door.ask("POST", FILES, token=TOKEN, data=FILE)).status == 200

    async def test_is_not_taken_by_what_only_says_that_it_comes(self, upstream: Upstream):
        async with a_door(upstream, file_room=30_000) as door:
            head = f"POST {FILES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(f"{head}Content-Length: 29000\r\n\r\nx".encode())
            await writer.drain()
            await asyncio.sleep(0.05)
            assert (await door.ask("POST", FILES, token=TOKEN, data=FILE)).status == 200
            writer.close()


class TestALargeAnswer:
    LARGE = bytes(12_000_000)

    async def test_takes_no_room(self, upstream: Upstream):
        upstream.answer = lambda _: web.Response(body=self.LARGE)
        async with a_door(upstream, file_room=1_000) as door:
            answer = await door.ask("GET", f"{FILES}/1/content", token=TOKEN)
            assert await answer.read() == self.LARGE
            assert answer.headers["Content-Length"] == str(len(self.LARGE))

    async def test_is_given_up_where_it_is_not_taken(self, upstream: Upstream):
        upstream.answer = lambda _: web.Response(body=self.LARGE)
        async with a_door(upstream, download_patience=0.2) as door:
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            path = f"{FILES}/1/content"
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            writer.write(head.encode())
            await reader.readexactly(100)
            await asyncio.sleep(0.5)
            taken = len(await asyncio.wait_for(reader.read(-1), 5))
            assert taken < len(self.LARGE)
            writer.close()


async def test_a_file_comes_back_with_what_its_service_forbids(upstream: Upstream):
    said = {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox"}
    upstream.answer = lambda _: web.Response(body=FILE, headers=said)
    async with a_door(upstream) as door:
        answer = await door.ask("GET", f"{FILES}/1/content", token=TOKEN)
    assert said.items() <= {name: answer.headers.get(name) for name in said}.items()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


async def chunked() -> AsyncIterator[bytes]:
    yield FILE
