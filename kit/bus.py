"""Hearing what other services tell: one consumer, many keys side by side, each key in order."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import structlog
from aiokafka import ConsumerRecord
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.structs import TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from contracts.event import Event
from kit import metrics, traces
from kit.change import Change
from kit.collection import Ask
from kit.committer import BREATH, Committer
from kit.draft import Hearing
from kit.heard import Heard
from kit.parking import Parking
from kit.record import HEARTBEAT, Record

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=Event)
Handler = Callable[[E], Ask | None]
Otherwise = Callable[[str], Ask]

NOTHING = Ask((), lambda: ())
TOGETHER = 500  # events read before the first of them are given to the committer


class Subscriptions:
    """The events a service hears, and what it does on each."""

    def __init__(self) -> None:
        self.handlers: dict[str, tuple[type[Event], Handler[Any]]] = {}
        self.otherwise: dict[str, Otherwise] = {}

    def __call__(
        self, kind: type[E], *, otherwise: Otherwise | None = None
    ) -> Callable[[Handler[E]], Handler[E]]:
        """
        Declare the handler of one event: a function without I/O from the event to what to ask.

        ``otherwise`` says, from the event's key alone, what to keep when the event is set aside;
        such an event can be retried, never discarded.
        """

        def remember(handler: Handler[E]) -> Handler[E]:
            if kind.type in self.handlers:
                raise TypeError(f"{kind.__name__} already has a handler")
            self.handlers[kind.type] = kind, handler
            if otherwise:
                self.otherwise[kind.type] = otherwise
            return handler

        return remember

    @property
    def topics(self) -> set[str]:
        return {kind.topic() for kind, _ in self.handlers.values()}


class Bus:
    """Hears batches. What fails is parked: nothing raised by a handler leaves it."""

    def __init__(
        self,
        service: str,
        subscriptions: Subscriptions,
        committer: Committer,
        parking: Parking,
        heard: Heard,
    ) -> None:
        self._service, self._subscriptions = service, subscriptions
        self._committer, self._parking, self._heard = committer, parking, heard

    async def hear(self, records: Iterable[Record]) -> set[str]:
        """
        Return once every effect is durable, or what failed is parked: offsets may follow.

        Gives the slices in which something is missing: nothing past it is heard before it comes.
        """
        told, beats = list[Record](), list[Record]()
        for record in records:
            if record.type == HEARTBEAT:
                beats.append(record)
            elif record.position is not None or record.type in self._subscriptions.handlers:
                told.append(record)
        hearing = []
        for first in range(0, len(told), TOGETHER):
            asks = []
            for one in told[first : first + TOGETHER]:
                asks.append(self._ask(one))
                if len(asks) % BREATH == 0:
                    await asyncio.sleep(0)
            # What is read first is being kept while the rest is read.
            hearing.append(self._kept(asks))
        outcomes = [*chain.from_iterable(await asyncio.gather(*hearing))]
        gaps = {r.slice for r, out in zip(told, outcomes, strict=True) if out == "gap"}
        gaps |= await self._beat([one for one in beats if one.slice not in gaps])
        for slice in gaps:
            metrics.gaps.labels(self._service, slice.partition("/")[0]).inc()
        return gaps

    def _kept(self, asks: list[tuple[Ask, Hearing]]) -> asyncio.Future[list[str]]:
        """Keep what events lead to; each that somebody follows is heard in a span of its own."""
        spans = [self._span(hearing) for _, hearing in asks] if traces.on() else []
        outcomes = self._committer.hear(asks)
        if any(spans):
            outcomes.add_done_callback(partial(_end, spans))
        return outcomes

    def _span(self, hearing: Hearing) -> traces.Span | None:
        """
        The span of one event, under the one that led to it.

        A span for the whole batch would belong to a hundred traces, and be in none.
        """
        record = hearing.record
        if not hearing.trace or record.type not in self._subscriptions.handlers:
            return None
        said: traces.Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.consumer.group.name": self._service,
            "messaging.kafka.offset": record.offset,
            "messaging.message.id": record.id,
            "chorale.event.type": record.type,
            "chorale.attempt": hearing.attempt + 1,
        }
        name = f"process {record.topic}"
        span = traces.begin(self._service, name, "consumer", hearing.trace, said)
        if span:
            hearing.trace = traces.named(span)
        return span

    def _ask(self, record: Record, attempt: int = 0) -> tuple[Ask, Hearing]:
        hearing = Hearing(record, attempt=attempt, trace=record.trace)
        if record.type not in self._subscriptions.handlers:
            return NOTHING, hearing
        kind, handler = self._subscriptions.handlers[record.type]
        if otherwise := self._subscriptions.otherwise.get(record.type):
            hearing.otherwise = otherwise(record.key)
        try:
            return handler(kind.model_validate_json(record.value)) or NOTHING, hearing
        except Exception as error:
            log.warning(
                "unable to read", id=record.id, type=record.type, error=type(error).__name__
            )
            hearing.error = error
            return NOTHING, hearing

    async def _beat(self, records: list[Record]) -> set[str]:
        """
        Note how fresh what we know is; gives the slices of which we have not heard all.

        A heartbeat names the last position told before it: without it, one that follows
        a missing event would make us trust what we know.
        """
        claims = {one.slice: said for one in records if (said := claim(one))}
        if not claims:
            return set()
        last = await self._heard.positions([*claims])
        behind = {s for s, (position, _) in claims.items() if last.get(s, 0) < position}
        ahead = {s: one for s, one in claims.items() if last.get(s, 0) > one[0]}
        forgotten = await self._heard.forgotten(ahead) if ahead else set()
        for slice in forgotten:
            topic = slice.partition("/")[0]
            metrics.forgotten_slices.labels(self._service, topic).inc()
            log.error(
                "what was heard is unknown to whoever told it: its journal was lost", slice=slice
            )
        for slice in claims.keys() - behind - forgotten:
            self._heard.beat(slice, claims[slice][1])
        return behind

    async def retry(self, most: int = 500) -> int:
        """Hear again what is parked and due; gives how many events were applied."""
        applied = 0
        for lane in await self._parking.due_lanes(most):
            rows = await self._parking.lane(lane, most)
            asks = [self._ask(record, attempt) for record, attempt in rows]
            for (before, _), (_, hearing) in zip(rows, asks[1:], strict=False):
                hearing.after = before.id
            if len(rows) == most and (fall_back := asks[-1][1].otherwise):
                # More of the lane waits: until it is heard, what is known must not be trusted.
                asks[-1] = _both(asks[-1][0], fall_back), asks[-1][1]
            applied += (await self._kept(asks)).count("applied")
        return applied

    async def keep_retrying(self, every: float) -> None:
        while True:
            try:
                applied = await self.retry()
                if not applied:
                    await asyncio.sleep(every)
            except Exception:
                log.warning("unable to hear again what is parked", exc_info=True)
                await asyncio.sleep(every)


def _end(spans: list[traces.Span | None], outcomes: asyncio.Future[list[str]]) -> None:
    """What was heard before leads to nothing, and is in no trace."""
    if outcomes.cancelled() or outcomes.exception():
        return
    for span, outcome in zip(spans, outcomes.result(), strict=True):
        if span and outcome != "repeated":
            span.set_attribute("chorale.outcome", outcome)
            span.end()


def claim(record: Record) -> tuple[int, datetime] | None:
    """The last position and the moment that a heartbeat speaks of; None when it says nothing."""
    try:
        said = json.loads(record.value)
        position, as_of = int(said["position"]), datetime.fromisoformat(said["as_of"])
        if as_of.tzinfo is not None:
            return position, as_of.astimezone(UTC)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        pass
    log.warning("unreadable heartbeat", slice=record.slice)
    return None


def _both(first: Ask, second: Ask) -> Ask:
    """The second on what the first leaves."""
    places = (*first.places, *(one for one in second.places if one not in first.places))

    def decide(*states: Any) -> tuple[Any, ...]:
        done = first.decide(*states[: len(first.places)])
        changes = dict(zip(places, (*done, *map(Change, states[len(done) :])), strict=True))
        after = second.decide(*(changes[place].state for place in second.places))
        for place, change in zip(second.places, after, strict=True):
            changes[place] = Change(change.state, changes[place].events + change.events)
        return tuple(changes.values())

    return Ask(places, decide)


class Listener:
    """The one Kafka consumer of a service. Every default of FastStream here would lose or wait."""

    def __init__(
        self,
        broker: KafkaBroker,
        bus: Bus,
        topics: set[str],
        *,
        service: str,
        most: int,
        session: float,
        member: str | None = None,
    ) -> None:
        self._broker, self._bus, self._group = broker, bus, service
        self._rewound: dict[TopicPartition, float] = {}
        if topics:
            self._subscriber = broker.subscriber(
                *sorted(topics),
                group_id=service,
                group_instance_id=member,
                batch=True,
                max_records=most,
                batch_timeout_ms=15,
                fetch_max_wait_ms=100,
                auto_offset_reset="earliest",
                session_timeout_ms=int(session * 1000),
                heartbeat_interval_ms=int(session * 300),
                # A member that is killed while the group forms is waited for that long, and one
                # request with it: less than the patience of a request (kit/service.py).
                rebalance_timeout_ms=int(session * 1000),
                max_poll_interval_ms=600_000,
                partition_assignment_strategy=(StickyPartitionAssignor,),
                ack_policy=AckPolicy.NACK_ON_ERROR,
                parser=_all_of,
                decoder=_raw,
            )
            self._subscriber(self._hear)

    async def _hear(self, records: tuple[ConsumerRecord[bytes, bytes], ...]) -> None:
        told, delay = [Record.of(one) for one in records], 0.1
        while True:
            try:
                gaps = await self._bus.hear(told)
                break
            except Exception:
                # Raising would make FastStream read the same again at once, for ever.
                log.warning("unable to hear, trying again", exc_info=True)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5)
        await self._rewind(gaps)

    async def _rewind(self, gaps: set[str]) -> None:
        """
        Read a slice in which something is missing from its beginning, now and then.

        What is missing may be there, before the offset we came back to after a broker lost its
        log. Otherwise the journal must tell it again.
        """
        for slice in gaps:
            topic, _, partition = slice.rpartition("/")
            place = TopicPartition(topic, int(partition))
            if time.monotonic() - self._rewound.get(place, -60) < 30:
                continue
            self._rewound[place] = time.monotonic()
            log.error("an event is missing, reading the slice again", slice=slice)
            consumer = self._subscriber.consumer
            if consumer and place in consumer.assignment():
                await consumer.seek_to_beginning(place)

    async def run(self) -> None:
        """Start, however long Kafka is away."""
        while True:
            try:
                return await self._broker.start()
            except Exception as error:
                why = f"{type(error).__name__}: {error}"[:200]
                log.warning("nothing is heard yet", service=self._group, reason=why)
                with suppress(Exception):  # What of it did start would never be closed.
                    await self._broker.stop()
                await asyncio.sleep(1)

    async def stop(self) -> None:
        """
        End once what is being heard is; others get our slices at once.

        A member with a name would keep its place for the session, as after a kill: it gives the
        name up, and leaves as all others do.
        """
        for coordinator in filter(None, map(_coordinator, self._broker.subscribers)):
            coordinator._group_instance_id = None  # noqa: SLF001  # nothing public leaves
        await self._broker.stop()

    @property
    def assigned(self) -> bool:
        """Whether the consumer has its part of the topics."""
        return all(map(_partitions, self._broker.subscribers))

    @property
    def partitions(self) -> int:
        """How many partitions it has."""
        return sum(map(_partitions, self._broker.subscribers))

    async def watch(self, *, every: float = 5, strikes: int = 12) -> None:
        """End the process when its consumer is dead but looks alive; it is then started anew."""
        count = 0
        while True:
            await asyncio.sleep(every)
            count = count + 1 if any(map(_dead, self._broker.subscribers)) else 0
            if count >= strikes:
                log.critical("the consumer has stopped without saying so")
                os._exit(70)


def _partitions(subscriber: Any) -> int:
    consumer = getattr(subscriber, "consumer", None)
    return len(consumer.assignment()) if consumer is not None else 0


def _coordinator(subscriber: Any) -> Any:
    return getattr(getattr(subscriber, "consumer", None), "_coordinator", None)


def _dead(subscriber: Any) -> bool:
    task = getattr(_coordinator(subscriber), "_coordination_task", None)
    return task is not None and task.done()


async def _all_of(records: tuple[Any, ...], parse: Callable[[Any], Awaitable[Any]]) -> Any:
    """
    Have FastStream read the first record only, to know what to acknowledge.

    Records are read in Record.of; a header FastStream cannot decode would make it skip them all.
    """
    [first] = records[:1]
    first.headers = tuple(
        (name, (value or b"").decode(errors="backslashreplace").encode())
        for name, value in first.headers
    )
    message = await parse((first,))
    message.raw_message = records
    return message


async def _raw(message: KafkaMessage) -> Any:
    return message.raw_message
