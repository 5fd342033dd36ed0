"""What is done to the platform and when: from the seed alone, so that a run can be had again."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tests.faults.lives import PLAIN, Life
from tests.faults.points import HEARING, POINTS

ROUND = 10.0
"""Seconds: faults in its first part, and time to come back in the rest."""
STRIKING = 5.0
PAUSES = (6.0, 8.0, 12.0)
"""Seconds: longer than leases, than sessions of consumers, and than those of brokers."""
SKEWS = (1.0, 30.0, 600.0, 3600.0)
MOODS = ("down", "slow", "4xx", "5xx")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing done ``at`` so many seconds after the beginning of its round."""

    at: float
    what: str
    """kill, pause, disk, mood"""
    target: str = ""
    """A service, kafka-1, primary, secondary, brokers, members, or what SMTP is."""
    lasts: float = 0
    then: Life = PLAIN

    def __str__(self) -> str:
        said = [f"{self.at:4.1f} {self.what} {self.target}"]
        if self.lasts:
            said.append(f"for {self.lasts:.0f} s")
        if self.then.point:
            said.append(f"then {self.then.point} x{self.then.nth}")
        if self.then.skew:
            said.append(f"then skewed {self.then.skew:+.0f} s")
        return " ".join(said)


def deck(chance: random.Random, cards: Sequence[str]) -> Iterator[str]:
    """Each card as often as every other, in an order nobody knows."""
    while True:
        yield from chance.sample(cards, len(cards))


def rounds(seed: str, members: int) -> Iterator[list[Fault]]:
    """Without end; ``members``: how many brokers, and how many members of MongoDB."""
    chance = random.Random(seed)
    services = deck(chance, [name for name in HEARING for _ in range(2)])
    engines = deck(chance, _engines(members))
    others = deck(chance, _others(members))
    for n in count():
        faults = [_kill(chance, next(services)) for _ in range(4)]
        if n % 2 == 0:
            faults.append(Fault(chance.uniform(0, STRIKING), "kill", next(engines)))
        if n % 3 == 2:
            faults.append(_other(chance, next(others)))
        yield sorted(faults, key=lambda fault: fault.at)


def _brokers(members: int) -> list[str]:
    return [f"kafka-{n}" for n in range(1, members + 1)]


def _engines(members: int) -> list[str]:
    if members == 1:
        return ["kafka-1", "primary"]
    each = _brokers(members) * 2
    return [*each, *["primary"] * 4, *["secondary"] * 2, "brokers", "members"]


def _others(members: int) -> list[str]:
    pauses = [*HEARING, *_brokers(members), "primary", *(["secondary"] if members > 1 else [])]
    return [
        *(f"pause {one}" for one in pauses),
        *(f"mood {one}" for one in MOODS),
        *(["disk"] * 2),
    ]


def _kill(chance: random.Random, service: str) -> Fault:
    at = chance.uniform(0, STRIKING)
    lot = chance.random()
    if lot < 0.2:
        return Fault(at, "kill", service)
    if lot < 0.28:
        skew = chance.choice(SKEWS) * chance.choice((1, -1))
        return Fault(at, "kill", service, then=Life(skew=skew))
    open_to_it = [point for point, (_, _, where, _) in POINTS.items() if service in where]
    point = chance.choice(open_to_it)
    nth = chance.randint(1, POINTS[point][3])
    return Fault(at, "kill", service, then=Life(point, nth))


def _other(chance: random.Random, card: str) -> Fault:
    what, _, target = card.partition(" ")
    at, lasts = chance.uniform(0, STRIKING), chance.choice(PAUSES)
    if card == "mood 5xx":
        lasts = 3
    return Fault(at, what, target, lasts)
