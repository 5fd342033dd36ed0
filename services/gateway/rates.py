"""How often somebody may come. Each process counts for itself."""

from collections import OrderedDict
from math import ceil

import limits

from kit.problems import TooMany


class Rate:
    """
    So many in so long for each name, spent at once or spread out (a leaky bucket, as GCRA).

    The library reads the notation. Its own memory storage is not used: it starts a thread for
    every 10 ms of traffic and keeps every name it has seen; here the oldest names are forgotten.
    """

    def __init__(self, notation: str, *, names: int = 100_000) -> None:
        rate = limits.parse(notation)
        self._window = float(rate.get_expiry())
        self._every = self._window / rate.amount
        self._names = names
        self._full_again: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str, now: float) -> None:
        """Raise TooMany when nothing is left for this name."""
        known = self._full_again
        full_again = max(known.get(name, now), now) + self._every
        excess = full_again - now - self._window
        if excess > 1e-9:
            raise TooMany(retry_after=ceil(excess))
        known[name] = full_again
        known.move_to_end(name)
        if len(known) > self._names:
            known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._full_again)
