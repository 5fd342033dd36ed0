"""What one transaction would write, and what each caller would then be told. No I/O."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kit.change import Change
from kit.collection import Ask, Collection, Place, Stored, entity
from kit.context import Once
from kit.journal import Row, row, slice_of
from kit.mongo import DeleteOne, InsertOne, UpdateOne
from kit.parking import Behind, NoPosition, parked, tried
from kit.problems import Invalid, PreconditionFailed
from kit.record import Record


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used for another request."""


@dataclass(eq=False, slots=True)
class Hearing:
    """An event being heard."""

    record: Record
    otherwise: Ask | None = None
    """What to keep beside it when it must be set aside."""
    error: Exception | None = None
    """Why it cannot be applied, if that is known already."""
    attempt: int = 0
    """How often it was tried before; more than 0 when it comes from the parking."""
    trace: str = ""
    """The span in which it is heard."""
    after: str = ""
    """When it comes from the parking: the parked event that must be heard before it."""


@dataclass(eq=False, slots=True)
class Asked:
    """A decision that waits for its transaction, and whoever waits for its outcome."""

    ask: Ask
    outcome: asyncio.Future[Any]
    correlation: str
    once: Once | None = None
    hearing: Hearing | None = None
    trace: str = ""
    """The span we are in."""
    earlier: tuple[str, ...] = ()
    """The spans that last changed what it decided on."""
    rows: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What is remembered of a request: a hash of what it asked, and the last row in each slice."""

    body: str
    rows: dict[int, str]


@dataclass(eq=False, slots=True)
class Known:
    """What was read before deciding."""

    stored: dict[Place, Stored[Any]]
    heard: dict[str, int]
    closed: set[str]
    """The lanes in which something is parked."""
    parked: set[str]
    """Of the parked events to be heard again, those that still are parked."""
    once: dict[str, Done]


Writes = dict[Collection[Any], list[Any]]


class Draft:
    """Decides one after the other, each on the states that those before it would leave."""

    def __init__(self, known: Known, tick: Callable[[int], int], at: datetime) -> None:
        self._before, self.changed = known.stored, dict[Place, Stored[Any]]()
        self._heard_before, self.heard = known.heard, dict(known.heard)
        self._closed, self._seen, self._parked = known.closed, known.once, known.parked
        self._tick, self._at = tick, at
        self._relied: set[Place] = set()
        self._unparked: set[str] = set()
        self.rows: list[Row] = []
        self.once: dict[str, Done] = {}
        self.parking: list[Any] = []
        self.outcomes: list[tuple[Asked, Any]] = []

    def carry(self, known: Known) -> None:
        """Have what was read be as it will be once this draft is kept."""
        for place, stored in self.changed.items():
            # Somebody else may have gone on from there before it was read.
            if _version(known.stored.get(place)) <= _version(stored) or stored.state is None:
                known.stored[place] = stored
        known.heard |= {s: p for s, p in self.heard.items() if p != self._heard_before.get(s)}
        known.closed |= self._closed
        known.parked -= self._unparked
        known.once |= self.once

    def decide(self, asked: Asked) -> None:
        asked.rows.clear()
        outcome: Any
        try:
            outcome = self._hear(asked, asked.hearing) if asked.hearing else self._answer(asked)
        except Exception as error:
            outcome = error
        self.outcomes.append((asked, outcome))

    def _answer(self, asked: Asked) -> tuple[Any, ...]:
        once = asked.once
        if once and once.id in self._seen:
            if self._seen[once.id].body != once.body:
                raise IdempotencyKeyReused(field="header/idempotency-key")
            asked.rows |= self._seen[once.id].rows
            return tuple(entity(self._now(place)) for place in asked.ask.places)
        states = self._apply(asked.ask, asked)
        if once:
            self._seen[once.id] = self.once[once.id] = Done(once.body, dict(asked.rows))
        return states

    def _hear(self, asked: Asked, hearing: Hearing) -> str:
        record = hearing.record
        if hearing.attempt:
            return self._hear_again(asked, hearing)
        if record.position is None:
            self.parking.append(parked(record, NoPosition(), self._at))
            return "parked"
        last = self.heard.get(record.slice, 0)
        if record.position != last + 1:
            return "repeated" if record.position <= last else "gap"
        self.heard[record.slice] = record.position
        if record.lane in self._closed:
            return self._park(hearing, Behind())
        if hearing.error:
            return self._park(hearing, hearing.error)
        try:
            self._apply(asked.ask, asked)
        except Exception as error:
            return self._park(hearing, error)
        return "applied"

    def _park(self, hearing: Hearing, error: Exception) -> str:
        self._closed.add(hearing.record.lane)
        self.parking.append(parked(hearing.record, error, self._at))
        self._fall_back(hearing)
        return "parked"

    def _hear_again(self, asked: Asked, hearing: Hearing) -> str:
        record = hearing.record
        if record.id not in self._parked:
            return "repeated"
        if record.lane in self._closed or hearing.after in self._parked:
            return "behind"
        try:
            if hearing.error:
                raise hearing.error
            self._apply(asked.ask, asked)
        except Exception as error:
            self._closed.add(record.lane)
            self.parking.append(tried(record, error, hearing.attempt + 1, self._at))
            self._fall_back(hearing)
            return "parked"
        self._parked.discard(record.id)
        self._unparked.add(record.id)
        self.parking.append(DeleteOne({"_id": record.id}))
        return "applied"

    def _fall_back(self, hearing: Hearing) -> None:
        if hearing.otherwise:
            self._apply(hearing.otherwise, None)

    def _apply(self, ask: Ask, asked: Asked | None) -> tuple[Any, ...]:
        current = [self._now(place) or Stored(None) for place in ask.places]
        first = current[0].state if current else None
        # Refusals first: whom it does not concern must not learn from a 412 that it exists.
        changes = ask.decide(*(stored.state for stored in current))
        if asked and asked.trace:
            asked.earlier = tuple(stored.trace for stored in current if stored.trace)
        # One that is not kept yet has the version that its first change will find.
        version = first.version if first else 0
        if ask.if_match is not None and ask.if_match != version:
            raise PreconditionFailed
        after = max((stored.clock for stored in current), default=0)
        decided = [
            self._decided(place, stored, change, after, asked)
            for place, stored, change in zip(ask.places, current, changes, strict=True)
        ]
        any_changed = any(stored for stored, _ in decided)
        for place, (stored, rows) in zip(ask.places, decided, strict=True):
            if stored is not None:
                self.changed[place] = stored
            elif any_changed:
                self._relied.add(place)
            self.rows += rows
        if asked:
            asked.rows |= self._told_last(ask.places)
        return tuple(entity(self._now(place)) for place in ask.places)

    def _told_last(self, places: tuple[Place, ...]) -> dict[int, str]:
        """
        The last fact of these entities in each slice, whoever told it.

        A command that is repeated changes nothing; who reads after it must see what it was about
        all the same.
        """
        known = [(place.id, self._now(place)) for place in places]
        told = [(stored.clock, id, stored.row) for id, stored in known if stored and stored.row]
        return {slice_of(id): row for _, id, row in sorted(told)}

    def _decided(
        self,
        place: Place,
        stored: Stored[Any],
        change: Change[Any],
        after: int,
        asked: Asked | None,
    ) -> tuple[Stored[Any] | None, list[Row]]:
        """What to keep and to tell of one entity; None when nothing changed."""
        if change.state == stored.state and not change.events:
            return None, []
        clock, rows = stored.clock, list[Row]()
        trace = asked.trace if asked else ""
        for event in change.events:
            if event.key != place.id:
                raise TypeError(f"{event.type} is keyed by {event.key!r}, not by {place.id!r}")
            clock = after = self._tick(after)
            correlation = asked.correlation if asked else ""
            rows.append(row(event, clock=clock, correlation=correlation, at=self._at, trace=trace))
        last = rows[-1]["_id"] if rows else stored.row
        if change.state is None:
            return Stored(None, clock, trace, last), rows
        if change.state.id != place.id:
            raise TypeError(f"{place.collection.name}: {change.state.id!r} is not {place.id!r}")
        version = stored.state.version + 1 if stored.state else 1
        return Stored(replace(change.state, version=version), clock, trace, last), rows

    def _now(self, place: Place) -> Stored[Any] | None:
        return self.changed.get(place) or self._before.get(place)

    @property
    def empty(self) -> bool:
        told = self.rows or self.once or self.parking
        return not told and not self.changed and self.heard == self._heard_before

    def writes(self) -> Writes:
        """The new states, each only if its entity is still as it was read."""
        writes: Writes = defaultdict(list)
        for place, stored in self.changed.items():
            before = entity(self._before.get(place))
            same = {"_id": place.id, "version": before.version if before else 0}
            if stored.state is None:
                if before:
                    writes[place.collection].append(DeleteOne(same))
            elif before is None:
                document = {"_id": place.id, **place.collection.dump(stored)}
                writes[place.collection].append(InsertOne(document))
            else:
                kept = place.collection.replacement(before, stored)
                writes[place.collection].append(UpdateOne(same, kept))
        for place in self._relied - self.changed.keys():
            # What a decision rested on must not change behind its back: writing it makes
            # whoever else writes it at the same moment decide again.
            if before := entity(self._before.get(place)):
                same = {"_id": place.id, "version": before.version}
                writes[place.collection].append(UpdateOne(same, {"$inc": {"relied_on": 1}}))
        return writes

    def heard_writes(self) -> list[Any]:
        """The new positions, each only if nobody else has heard that slice meanwhile."""
        writes: list[Any] = []
        for slice, last in self.heard.items():
            before = self._heard_before.get(slice)
            if before is None:
                writes.append(InsertOne({"_id": slice, "last": last, "at": self._at}))
            elif before != last:
                same = {"_id": slice, "last": before}
                writes.append(UpdateOne(same, {"$set": {"last": last, "at": self._at}}))
        return writes


def _version(stored: Stored[Any] | None) -> int:
    return stored.state.version if stored and stored.state else 0
