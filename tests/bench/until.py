"""Waiting for something to be so."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    so: Callable[[], Awaitable[object]], *, patience: float = 60, every: float = 0.02
) -> None:
    end = time.monotonic() + patience
    while not await so():
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {patience} s")
        await asyncio.sleep(every)
