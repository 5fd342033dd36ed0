"""Ending what runs beside the requests."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def ended(tasks: Iterable[asyncio.Task[Any]], *, again: float) -> None:
    """
    Cancel these until they have ended, once more every ``again`` seconds.

    ``asyncio.wait_for`` before Python 3.12, and with it PyMongo, loses a cancellation that comes
    together with the result: its task would run on, and whoever waits for its end wait for ever.
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=again)
