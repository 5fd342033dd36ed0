"""The antivirus over its own protocol, played by a server of a few lines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from kit.clamd import Clamd, verdict

Answering = Callable[[bytes], bytes | None]
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@asynccontextmanager
async def a_clamd(
    answer: Answering, *, limit: int = 1_000_000, silent: bool = False
) -> AsyncIterator[Clamd]:
    """Takes a stream as clamd does, and says of it what ``answer`` says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(10) == b"zINSTREAM\0"
            came = b""
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                came += await reader.readexactly(size)
                if len(came) > limit:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            if silent:
                await asyncio.sleep(60)
            if said := answer(came):
                writer.write(said)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Clamd(f"127.0.0.1:{port}", patience=0.5, limit=10_000_000)
    finally:
        server.close()


def looking(content: bytes) -> bytes:
    return b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for one in content:
        yield one


class TestScan:
    async def test_is_clean_or_infected(self):
        async with a_clamd(looking) as clamd:
            assert (await clamd.scan(pieces(b"hello", b" world"))).outcome == "clean"
            found = await clamd.scan(pieces(EICAR[:20], EICAR[20:]))
            assert (found.outcome, found.detail) == ("infected", "Eicar-Signature")

    async def test_sees_a_large_file_whole(self):
        large = [bytes(255_000)] * 3
        async with a_clamd(lambda came: b"stream: OK\0" if len(came) == 765_000 else None) as clamd:
            assert (await clamd.scan(pieces(*large))).outcome == "clean"

    async def test_is_never_clean_beyond_the_limit_of_clamd(self):
        large = [bytes(255_000)] * 40
        async with a_clamd(looking, limit=1000) as clamd:
            assert (await clamd.scan(pieces(*large))).outcome in ("unscannable", "failed")
            assert (await clamd.scan(pieces(bytes(2000)))).outcome == "unscannable"

    async def test_fails_when_clamd_hangs_up(self):
        async with a_clamd(lambda _: None) as clamd:
            assert (await clamd.scan(pieces(b"hello"))).outcome == "failed"

    async def test_fails_when_clamd_says_nothing(self):
        async with a_clamd(looking, silent=True) as clamd:
            assert (await clamd.scan(pieces(b"hello"))).outcome == "failed"

    async def test_fails_when_nobody_is_there(self):
        async with a_clamd(looking) as clamd:
            pass
        assert (await clamd.scan(pieces(b"hello"))).outcome == "failed"

    async def test_leaves_other_errors_to_whoever_asks(self):
        async def broken() -> AsyncIterator[bytes]:
            yield b"hello"
            raise ValueError

        async with a_clamd(looking) as clamd:
            with pytest.raises(ValueError):
                await clamd.scan(broken())


class TestVerdict:
    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (b"stream: OK\0", "clean"),
            (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", "infected"),
            (b"INSTREAM size limit exceeded. ERROR\0", "unscannable"),
            (b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0", "unscannable"),
            (b"stream: OK FOUND\0", "infected"),
            (b"stream: Can't allocate memory ERROR\0", "failed"),
            (b"OK\0", "failed"),
            (b"stream: OK\nstream: X FOUND\0", "failed"),
            (b"\0", "failed"),
            (b"\xff\xfe\0", "failed"),
        ],
    )
    def test_is_clean_for_one_answer_only(self, answer: bytes, outcome: str):
        assert verdict(answer).outcome == outcome
