"""
A proof of work, against robots: about a second of a browser for each form that anybody may send.

It asks nothing of people, nor of another service. What we signed names its own difficulty and end,
so that nothing is kept of those that nobody solves.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count

from kit.problems import Invalid


class EffortMissing(Invalid):
    """This form needs a proof of work: ask for a challenge, and solve it."""


class EffortWrong(Invalid):
    """This proof of work proves nothing: its challenge is not ours, or it is not solved."""


class EffortOver(Invalid):
    """This proof of work is too old, or was used before: ask for a new challenge."""


@dataclass(frozen=True, slots=True)
class Effort:
    """A challenge, and a number for which SHA-256 of ``challenge:number`` begins with zero bits."""

    challenge: str
    number: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What must not count a second time, and until when that must be known."""

    id: str
    until: datetime


def challenge(key: str, *, nonce: str, bits: int, until: datetime) -> str:
    said = f"{nonce}.{bits}.{int(until.timestamp())}"
    return f"{said}.{_signature(key, said)}"


def check(key: str, effort: Effort | None, *, now: datetime, field: str) -> Spent:
    """Raise unless this is a challenge of ours, in time, and solved."""
    if effort is None:
        raise EffortMissing(field=field)
    said, _, signature = effort.challenge.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(key, said).encode()):
        raise EffortWrong(field=field)
    nonce, bits, seconds = said.split(".")
    if zero_bits(effort) < int(bits):
        raise EffortWrong(field=field)
    until = datetime.fromtimestamp(int(seconds), UTC)
    if until <= now:
        raise EffortOver(field=field)
    return Spent(nonce, until)


def solve(challenge: str, bits: int) -> Effort:
    """What a page or a script does that sends such a form."""
    efforts = (Effort(challenge, number) for number in count())
    return next(one for one in efforts if zero_bits(one) >= bits)


def zero_bits(effort: Effort) -> int:
    """With how many zero bits it begins."""
    digest = sha256(f"{effort.challenge}:{effort.number}".encode()).digest()
    return 256 - int.from_bytes(digest).bit_length()


def _signature(key: str, said: str) -> str:
    return hmac.digest(key.encode(), f"effort:{said}".encode(), "sha256").hex()
