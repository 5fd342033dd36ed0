"""What runs beside the requests: ending it, and doing it now and then."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

log = structlog.get_logger(__name__)


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


async def now_and_then(work: Callable[[], Awaitable[None]], *, every: float, what: str) -> None:
    """Do it again and again, ``every`` so many seconds more or less; what fails is done later."""
    while True:
        try:
            await work()
        except Exception:
            log.warning("unable to work now", what=what, exc_info=True)
        await asyncio.sleep(every * random.uniform(0.8, 1.2))
