"""What a service keeps, and what a decision about it gives back. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from contracts.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Anything a service keeps. The committer alone raises ``version``, by one for each change."""

    id: str
    version: int = 0
    wake_at: datetime | None = None
    """When a timer or a worker must look at it again."""


T = TypeVar("T", bound=Entity)


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """The state to keep (None: keep nothing, or forget what was kept), and the facts to tell."""

    state: T | None
    events: tuple[Event, ...] = ()


Decide = Callable[[T | None], Change[T]]
"""A pure function of the entity as it stands; it may be called again after a lost race."""
