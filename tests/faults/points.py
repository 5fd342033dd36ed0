"""
Where a process may end itself, so that it dies exactly there: around commit, produce and mark.

Nothing of this is in the product. A service that is about to be run has its seams wrapped here, in
its own process, and ends by SIGKILL the nth time it comes to the point that it was given.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

POINT, NTH, SKEW = "FAULTS_POINT", "FAULTS_NTH", "FAULTS_SKEW"

Die = Callable[[], None]


def die() -> None:
    """Like kill -9: nothing is flushed, closed or said."""
    os.kill(os.getpid(), signal.SIGKILL)
    while True:  # The signal is on its way.
        time.sleep(1)


class Point:
    """One place, and how often it may be passed before the end."""

    def __init__(self, nth: int, end: Die = die) -> None:
        self._left, self._end = nth, end

    def passed(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._end()


def _before(owner: Any, name: str, point: Point) -> None:
    inner = getattr(owner, name)

    async def wrapped(*given: Any, **named: Any) -> Any:
        point.passed()
        return await inner(*given, **named)

    setattr(owner, name, wrapped)


def _after(owner: Any, name: str, point: Point) -> None:
    inner = getattr(owner, name)

    async def wrapped(*given: Any, **named: Any) -> Any:
        outcome = await inner(*given, **named)
        point.passed()
        return outcome

    setattr(owner, name, wrapped)


def _in_kit(module: str, owner: str, name: str) -> Callable[[], tuple[Any, str]]:
    def find() -> tuple[Any, str]:
        found: Any = __import__(module, fromlist=[owner or name])
        return (getattr(found, owner) if owner else found), name

    return find


Around = Callable[[Any, str, Point], None]

COMMIT = _in_kit("kit.mongo", "Mongo", "_commit")
SEND = _in_kit("kit.relay", "AIOKafkaProducer", "send")
ANSWERED = _in_kit("kit.relay", "", "_answered")
MARK = _in_kit("kit.journal", "Journal", "acknowledge")
HEAR = _in_kit("kit.bus", "Bus", "hear")
HAND_OVER = _in_kit("services.notifications.post", "Post", "send")
RECORD = _in_kit("services.notifications.mailer", "Mailer", "_hand_over")

TELLING = ("users", "structures", "approvals", "support")
HEARING = (*TELLING, "notifications", "gateway")

POINTS: dict[str, tuple[Callable[[], tuple[Any, str]], Around, tuple[str, ...], int]] = {
    # Name: where, on which side of it, in which services, at most the how manieth time.
    "before commit": (COMMIT, _before, HEARING, 40),
    "after commit": (COMMIT, _after, HEARING, 40),
    "before produce": (SEND, _before, TELLING, 60),
    "amid produce": (SEND, _after, TELLING, 60),
    "after produce": (ANSWERED, _after, TELLING, 25),
    "before mark": (MARK, _before, TELLING, 25),
    "after mark": (MARK, _after, TELLING, 25),
    "before offsets": (HEAR, _after, HEARING, 25),
    "before hand-over": (HAND_OVER, _before, ("notifications",), 25),
    "before record": (HAND_OVER, _after, ("notifications",), 25),
    "after record": (RECORD, _after, ("notifications",), 25),
}


def arm(point: str, nth: int, end: Die = die) -> None:
    """Have this process end when it comes to a point for the nth time."""
    find, around, _, _ = POINTS[point]
    around(*find(), Point(nth, end))


def skew(seconds: float) -> None:
    """Have every clock of this process that is not a stopwatch be wrong by so much."""
    import kit.clock

    by, true_ns = timedelta(seconds=seconds), time.time_ns
    by_ns = int(seconds * 1e9)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + by

    kit.clock.datetime = Wrong  # type: ignore[attr-defined, misc]
    time.time_ns = lambda: true_ns() + by_ns
    time.time = lambda: (true_ns() + by_ns) / 1e9


def prepare() -> None:
    """What the environment says of this life."""
    if point := os.environ.get(POINT):
        arm(point, int(os.environ[NTH]))
    if seconds := os.environ.get(SKEW):
        skew(float(seconds))
        print(f"The clocks of this process are wrong by {seconds} s", file=sys.stderr)
