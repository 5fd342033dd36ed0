"""How fast letters go to one domain: its mail server refuses whoever sends too much at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

PATIENT: Final = 2.0
"""Seconds that a claimed letter waits for its turn; whatever must wait longer is put back."""
REMEMBERED_MOST: Final = 10_000


@dataclass(slots=True)
class _Lane:
    free_at: float = 0
    """When the next letter may go."""
    queued_until: float = 0
    """Up to when turns are given to letters that were put back."""


@dataclass(slots=True)
class Pace:
    """``per_second`` letters to each domain, evenly spaced; 0 for as many as there are."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    _lanes: dict[str, _Lane] = field(init=False, default_factory=dict)

    def take(self, domain: str) -> tuple[float, bool]:
        """The seconds until a letter may go, and whether they are to be spent waiting here."""
        if not self.per_second:
            return 0, True
        now, between = self.clock(), 1 / self.per_second
        lane = self._lane(domain, now)
        turn = max(now, lane.free_at)
        if turn - now <= PATIENT:
            lane.free_at = turn + between
            return turn - now, True
        # Each behind those put back before it: all at once, they would be put back again.
        lane.queued_until = max(turn, lane.queued_until + between)
        return lane.queued_until - now, False

    def _lane(self, domain: str, now: float) -> _Lane:
        if len(self._lanes) >= REMEMBERED_MOST and domain not in self._lanes:
            busy = {name: one for name, one in self._lanes.items() if one.free_at > now}
            self._lanes = busy
        return self._lanes.setdefault(domain, _Lane())
