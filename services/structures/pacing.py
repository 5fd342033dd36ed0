"""How often, how long and how stubbornly somebody outside may be asked. Pure but for a clock."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
Clock = Callable[[], float]


@dataclass(slots=True)
class Budget:
    """So many requests a minute, all at once at most: a bucket that refills as time goes by."""

    per_minute: int
    clock: Clock = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)
    _paused_until: float = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._left, self._at = self.per_minute, self.clock()

    def take(self) -> float:
        """Take one request; or, when none is left, the seconds to wait for one."""
        now = self.clock()
        if now < self._paused_until:
            return self._paused_until - now
        refill = (now - self._at) * self.per_minute / 60
        self._left, self._at = min(self.per_minute, self._left + refill), now
        if self._left < 1:
            return (1 - self._left) * 60 / self.per_minute
        self._left -= 1
        return 0

    def pause(self, seconds: float) -> None:
        """Whoever is asked counts otherwise than we do: ask nothing for so long."""
        self._paused_until = self.clock() + seconds


@dataclass(slots=True)
class Breaker:
    """After so many failures in a row asks nothing, but for one try after each rest."""

    most: int
    rest: float
    clock: Clock = time.monotonic
    _failed: int = field(init=False, default=0)
    _again: float = field(init=False, default=0)

    def wait(self) -> float:
        """Zero lets one through; otherwise the seconds until the next try."""
        now = self.clock()
        if self._failed < self.most:
            return 0
        if now < self._again:
            return self._again - now
        # The others wait for what becomes of this one.
        self._again = now + self.rest
        return 0

    def succeeded(self) -> None:
        self._failed = 0

    def failed(self) -> None:
        self._failed += 1
        self._again = self.clock() + self.rest


class Lately(Generic[T]):
    """What was said in the last so many seconds, ``most`` answers of it."""

    def __init__(self, seconds: float, most: int = 1_000, clock: Clock = time.monotonic) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._said: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def get(self, about: str) -> T | None:
        self._forget_what_is_old()
        said = self._said.get(about)
        return said[1] if said else None

    def keep(self, about: str, said: T) -> None:
        self._forget_what_is_old()
        self._said.pop(about, None)
        self._said[about] = self._clock() + self._seconds, said
        if len(self._said) > self._most:
            self._said.popitem(last=False)

    def _forget_what_is_old(self) -> None:
        now = self._clock()
        while self._said and next(iter(self._said.values()))[0] <= now:
            self._said.popitem(last=False)
