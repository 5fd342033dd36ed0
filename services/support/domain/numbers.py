"""The numbers people call tickets by: CPROCS and seven digits."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kit.change import Change, Entity
from kit.problems import Unavailable

CANDIDATES: Final = 8
"""Numbers tried for one ticket: with one number in ten taken, all fail once in 100 million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Entity):
    """The claim of one ticket on its number, which is the claim's id."""

    ticket_id: str


class NoNumberFree(Unavailable):
    """No free number was found: ask again, with another key."""


def numbers_for(ticket_id: str) -> tuple[str, ...]:
    """The numbers a ticket may take, best first: the same ones each time it is asked."""
    drawn = (hashlib.sha256(f"{ticket_id}/{nth}".encode()).digest() for nth in range(CANDIDATES))
    return tuple(dict.fromkeys(f"CPROCS{int.from_bytes(one) % 10_000_000:07}" for one in drawn))


def claimed(
    ticket_id: str, claims: Iterable[Number | None]
) -> tuple[str, tuple[Change[Number], ...]]:
    """The ticket's number, and what becomes of ``claims``, those on ``numbers_for(ticket_id)``."""
    candidates = dict(zip(numbers_for(ticket_id), claims, strict=True))
    number = next((one for one, claim in candidates.items() if claim is None), None)
    if number is None:
        raise NoNumberFree
    kept = candidates | {number: Number(id=number, ticket_id=ticket_id)}
    return number, tuple(Change(claim) for claim in kept.values())
