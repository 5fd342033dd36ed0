"""How often, how long and how stubbornly somebody outside may be asked. Pure but for a clock."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

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

    def wait(self) -> float:
        """The seconds until a request may be taken; zero when one may be now."""
        now = self.clock()
        if now < self._paused_until:
            return self._paused_until - now
        refill = (now - self._at) * self.per_minute / 60
        self._left, self._at = min(self.per_minute, self._left + refill), now
        return 0 if self._left >= 1 else (1 - self._left) * 60 / self.per_minute

    def take(self) -> float:
        """Take one request; or, when none is left, the seconds to wait for one."""
        if wait := self.wait():
            return wait
        self._left -= 1
        return 0

    def pause(self, seconds: float) -> None:
        """Whoever is asked counts otherwise than we do: ask nothing for so long."""
        self._paused_until = self.clock() + seconds


class Shared:
    """A budget of which nobody has more than a part, so that there is something for the others."""

    def __init__(self, per_minute: int, part: float, clock: Clock = time.monotonic) -> None:
        self._all, self._clock = Budget(per_minute, clock), clock
        self._share = max(1, int(per_minute * part))
        self._shares: OrderedDict[str, Budget] = OrderedDict()

    def take(self, by: str) -> float:
        """Take one request for somebody; or the seconds to wait for one."""
        own = self._shares.get(by) or Budget(self._share, self._clock)
        if wait := own.wait() or self._all.take():
            return wait
        own.take()
        self._shares[by] = own
        self._shares.move_to_end(by)
        # No more than twice the budget is taken in a minute: the share left longest is whole again.
        if len(self._shares) > 2 * self._all.per_minute:
            self._shares.popitem(last=False)
        return 0

    def pause(self, seconds: float) -> None:
        self._all.pause(seconds)


_REMEMBERED_MOST: Final = 1_000


@dataclass(slots=True)
class Breaker:
    """
    After so many failures in a row asks nothing, but for one try after each rest.

    A failure is that of one caller about one thing. Only those about different things count, and
    not those of one caller alone: who asks in vain for something again and again stops nobody else.
    """

    most: int
    rest: float
    clock: Clock = time.monotonic
    _failed: dict[tuple[str, str], None] = field(init=False, default_factory=dict)
    _again: float = field(init=False, default=0)

    def wait(self) -> float:
        """Zero lets one through; otherwise the seconds until the next try."""
        now = self.clock()
        if not self._open():
            return 0
        if now < self._again:
            return self._again - now
        # The others wait for what becomes of this one.
        self._again = now + self.rest
        return 0

    def succeeded(self) -> None:
        self._failed.clear()

    def failed(self, about: str, by: str) -> None:
        now, known = self.clock(), any(about == one for one, _ in self._failed)
        was_open = self._open()
        self._failed[about, by] = None
        if len(self._failed) > _REMEMBERED_MOST:
            del self._failed[next(iter(self._failed))]
        # What failed before says nothing new of whoever is asked: the next may try at once.
        self._again = now if was_open and known else now + self.rest

    def _open(self) -> bool:
        things = {about for about, _ in self._failed}
        return len(things) >= self.most and len({by for _, by in self._failed}) > 1


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
