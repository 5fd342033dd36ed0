"""A proof of work counts once."""

from dataclasses import dataclass
from datetime import datetime

from kit.change import Change, Entity
from kit.effort import EffortOver, Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentEffort(Entity):
    """One that was used; forgotten once it is too old in any case."""


def spend(current: SpentEffort | None, effort: Spent, *, field: str) -> Change[SpentEffort]:
    if current is not None:
        raise EffortOver(field=field)
    return Change(SpentEffort(id=effort.id, wake_at=effort.until))


def forget(current: SpentEffort | None, *, now: datetime) -> Change[SpentEffort]:
    due = current is None or current.wake_at is None or current.wake_at <= now
    return Change(None if due else current)
