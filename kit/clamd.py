"""The antivirus ClamAV, asked over its own protocol (INSTREAM)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from kit.file import Verdict

_FOUND: Final = re.compile(r"stream: (.{1,200}) FOUND")
_ONLY_IN_PART: Final = "Heuristics.Limits.Exceeded"
"""What clamd finds, with AlertExceedsMax, in a file of which it did not look at all."""


class Clamd:
    """One connection for each file: clamd answers and hangs up."""

    def __init__(self, address: str, *, patience: float, limit: int) -> None:
        self._host, _, port = address.rpartition(":")
        self._port, self._patience, self.limit = int(port), patience, limit

    async def scan(self, pieces: AsyncIterator[bytes]) -> Verdict:
        """What clamd says of these bytes; ``failed`` when it says nothing that is sure."""
        try:
            async with asyncio.timeout(self._patience):
                return verdict(await self._ask(pieces))
        except (OSError, EOFError, asyncio.LimitOverrunError) as failure:
            return Verdict("failed", type(failure).__name__)

    async def _ask(self, pieces: AsyncIterator[bytes]) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        # Listened to from the start: what is too large for it, clamd refuses halfway.
        answer = asyncio.create_task(reader.readuntil(b"\0"))
        try:
            with suppress(ConnectionError):
                writer.write(b"zINSTREAM\0")
                async for piece in pieces:
                    if answer.done():
                        break
                    writer.write(len(piece).to_bytes(4, "big") + piece)
                    await writer.drain()
                writer.write(bytes(4))
            return await answer
        finally:
            answer.cancel()
            writer.close()
            await asyncio.gather(answer, return_exceptions=True)


def verdict(answer: bytes) -> Verdict:
    """Clean is one answer only; whatever is not understood is a failure."""
    said = answer.rstrip(b"\0").decode("utf-8", "replace")
    if said == "stream: OK":
        return Verdict("clean")
    if found := _FOUND.fullmatch(said):
        return Verdict("unscannable" if _ONLY_IN_PART in found[1] else "infected", found[1])
    if said == "INSTREAM size limit exceeded. ERROR":
        return Verdict("unscannable", said)
    return Verdict("failed", said[:200])
