"""What a service is asked about a person: to tell what it keeps, and to forget them. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from contracts.event import Event
from kit.change import Change, Entity

LEASE: Final = timedelta(minutes=5)
AGAIN_AFTER: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))
"""
What others told before the erasure may be heard after it: a key keeps its order, and there are
many. So what is kept is looked through again, the last time once Kafka has nothing so old.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion(Entity):
    """What one service has to add to an export, whose id this has."""

    user_id: str
    key: str
    """The public key to seal it with, as JWK; forgotten once it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure(Entity):
    """Of a user, whose id this has. Never forgotten: who was erased once stays erased."""

    erased_at: datetime
    passes: int = 0
    """How often all that is kept was looked through."""


P = TypeVar("P", Portion, Erasure)


def ask_for(
    current: Portion | None, *, export_id: str, user_id: str, key: str, now: datetime
) -> Change[Portion]:
    return Change(current or Portion(id=export_id, user_id=user_id, key=key, wake_at=now))


def told(current: Portion | None, events: tuple[Event, ...]) -> Change[Portion]:
    """Tell it once, whoever else has gathered it meanwhile."""
    if current is None or not current.key:
        return Change(current)
    return Change(replace(current, key="", wake_at=None), events)


def begin(current: Erasure | None, *, user_id: str, now: datetime) -> Change[Erasure]:
    return Change(current or Erasure(id=user_id, erased_at=now, wake_at=now))


def looked_through(begun: Erasure, current: Erasure | None, *, now: datetime) -> Change[Erasure]:
    """End a pass, and say when the next one begins."""
    if current is None or current.passes != begun.passes:
        return Change(current)
    left = AGAIN_AFTER[current.passes : current.passes + 1]
    again_at = now + left[0] if left else None
    return Change(replace(current, passes=current.passes + 1, wake_at=again_at))


def claim(current: P | None, now: datetime) -> Change[P]:
    """Take what is due for as long as the lease lasts."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def gone(_: Entity) -> Change[Entity]:
    """What is nothing but somebody's own is forgotten with them."""
    return Change(None)
