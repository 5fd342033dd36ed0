"""Changes that take effect only some time after they were made. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

D = TypeVar("D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending(Generic[D]):
    """What will be in force, and from when on."""

    then: D
    effective_at: datetime


def propose(
    in_force: D, pending: Pending[D] | None, asked: D, *, after: timedelta, now: datetime
) -> tuple[D, Pending[D] | None]:
    """
    What is in force and what waits, once ``asked`` is to be in force ``after`` so long.

    Asking again for what waits does not make it wait longer; asking for what is in force takes
    back what waits.
    """
    if pending and pending.then == asked:
        return in_force, pending
    if asked == in_force or not after:
        return asked, None
    return in_force, Pending(then=asked, effective_at=now + after)


def due(in_force: D, pending: Pending[D] | None, now: datetime) -> tuple[D, Pending[D] | None]:
    """The same two, once what has waited long enough is in force."""
    if pending and pending.effective_at <= now:
        return pending.then, None
    return in_force, pending
