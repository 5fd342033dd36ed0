"""One thing for all processes of a test run: the first that needs it makes it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from typing import IO, Any


@asynccontextmanager
async def made_once(
    folder: Path, make: Callable[[], AbstractAsyncContextManager[dict[str, Any]]]
) -> AsyncIterator[dict[str, Any]]:
    """
    What ``make`` says of what it made, in words that JSON has.

    Whoever made it ends it, once all others have left: a lock ends with the process that holds it.
    """
    known = folder / "made.json"
    with (folder / "making").open("w") as making, (folder / "using").open("w") as using:
        await _lock(making)
        if known.exists():
            flock(using, LOCK_SH)
            flock(making, LOCK_UN)
            yield json.loads(known.read_text())
            return
        async with make() as made:
            known.write_text(json.dumps(made))
            flock(making, LOCK_UN)
            yield made
            await _lock(making, using)
            known.unlink()


async def _lock(*files: IO[str]) -> None:
    """All of them or, for the moment, none: nobody waits for one while holding another."""
    while True:
        try:
            for file in files:
                flock(file, LOCK_EX | LOCK_NB)
            return
        except BlockingIOError:
            for file in files:
                flock(file, LOCK_UN)
            await asyncio.sleep(0.1)
