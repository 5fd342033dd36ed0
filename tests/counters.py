"""A kind of entity that only counts, to try the kit with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from contracts.event import Event
from kit.change import Change, Entity
from kit.journal import Row, headers, row
from kit.problems import Conflict
from kit.record import Record

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Entity):
    n: int = 0
    note: str = ""


class Counted(Event, type="trial.counted.v1", key="counter"):
    """A counter went up."""

    counter: str
    n: int


class TooMuch(Conflict):
    """It does not count that far."""


def count(
    id: str, by: int = 1, most: int = 1_000_000, **but: Any
) -> Callable[[Counter | None], Change[Counter]]:
    def decide(current: Counter | None) -> Change[Counter]:
        current = current or Counter(id=id)
        if current.n + by > most:
            raise TooMuch(n=current.n)
        counted = replace(current, n=current.n + by, **but)
        return Change(counted, (Counted(counter=id, n=counted.n),))

    return decide


def a_row(id: str, n: int, clock: int = 1) -> Row:
    return row(Counted(counter=id, n=n), clock=clock, correlation="journey", at=NOW)


class Told:
    """Brings events of one topic, each with the next position of its slice."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def __call__(self, id: str, n: int, **but: str) -> Record:
        one = a_row(id, n)
        self._last[one["slice"]] = self._last.get(one["slice"], 0) + 1
        placed = one | {"position": self._last[one["slice"]]}
        given = {name: value.decode() for name, value in headers(placed)}
        return Record("trial.events", one["slice"], 0, id, given | but, one["data"])
