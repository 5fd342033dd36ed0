"""What was done to the platform, when, and what it answered meanwhile."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field


def clock() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Death:
    """One process that ended by SIGKILL: at random, or at the point it was given."""

    at: float
    """By the wall clock."""
    target: str
    kind: str
    point: str = "random"


@dataclass(slots=True)
class Outage:
    """Kind of request by kind: since when none has been answered well, and the longest so far."""

    since: dict[str, float] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)

    def answered(self, kind: str, well: bool, at: float) -> None:
        if not well:
            self.since.setdefault(kind, at)
        elif (began := self.since.pop(kind, None)) is not None:
            self.longest[kind] = max(self.longest.get(kind, 0), at - began)


@dataclass(slots=True)
class Tally:
    deaths: list[Death] = field(default_factory=list)
    fell: list[str] = field(default_factory=list)
    """Processes that ended by themselves, and how."""
    done: Counter[str] = field(default_factory=Counter)
    """Pauses, skews, full disks, and what became of SMTP."""
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Kind of request, by what was answered."""
    outage: Outage = field(default_factory=Outage)
    wrong: list[str] = field(default_factory=list)
    """Answers that must never be given."""

    def killed(self, target: str, kind: str, point: str = "random") -> None:
        self.deaths.append(Death(time.time(), target, kind, point))

    def answered(self, kind: str, what: str, *, well: bool) -> None:
        self.answers[kind][what] += 1
        self.outage.answered(kind, well, clock())


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}"[:1000], flush=True)
