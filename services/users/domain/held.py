"""What a rattachement keeps of habilitations beside those in force. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.users import Habilitation
from kit.days import beginning_of

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A habilitation that was given and is not yet in force."""

    habilitation: Habilitation
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingChange:
    """What a user has asked for, and nobody has decided on yet."""

    request_id: str
    given: tuple[Habilitation, ...]
    taken: tuple[Habilitation, ...]


def next_turn(held: Iterable[Habilitation], waiting: Iterable[Waiting]) -> datetime | None:
    """When something comes into force by itself, or has ended."""
    begins = (one.effective_at for one in waiting)
    last = (one.valid_until for one in held)
    ends = (beginning_of(day + DAY) for day in last if day and day < day.max)
    return min((*begins, *ends), default=None)
