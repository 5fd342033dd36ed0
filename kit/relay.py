"""Publishing what the journal holds, in order, one relay at a time for each slice of the keys."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from kit import metrics, traces
from kit.clock import now
from kit.ids import new_id
from kit.journal import Fenced, Held, Journal, Row, headers
from kit.leases import Leases
from kit.mongo import Mongo
from kit.record import HEARTBEAT

log = structlog.get_logger(__name__)

PATIENCE = 10
"""
Seconds for Kafka to take what it was sent; then we begin again with a new producer.

No heartbeat leaves meanwhile: for as long rights are not trusted anywhere.
"""


class LogLost(Exception):
    """Kafka holds less than it has acknowledged: the journal must tell it again."""


@dataclass(slots=True)
class Progress:
    """How far a slice is: positions given, those known to be in Kafka, and up to which offset."""

    last: int
    acked: int
    offset: int

    def shrunk(self, offset: int) -> bool:
        """Whether Kafka, by where it put what came last, has lost what was there."""
        if offset < 0:  # it did not say
            return False
        before, self.offset = self.offset, offset
        return offset <= before


class Relay:
    """
    Wakes as soon as something was told, and looks by itself in case nobody woke it.

    A slice whose acknowledged positions are behind those given is first told again from there:
    after a crash between producing and noting it, after Kafka lost its log, or because
    an operator asked for a replay. Hearers skip what they know.
    """

    def __init__(
        self,
        service: str,
        journal: Journal,
        leases: Leases,
        kafka: str,
        *,
        secured: Mapping[str, Any] | None = None,
        idempotent: bool = True,
        heartbeat: float = 10,
        most: int = 1000,
        sweep: float = 0.2,
    ) -> None:
        self._service, self._topic = service, f"{service}.events"
        self._journal, self._leases = journal, leases
        self._kafka, self._idempotent = {"bootstrap_servers": kafka, **(secured or {})}, idempotent
        self._heartbeat, self._most, self._sweep = heartbeat, most, sweep
        self._bell = asyncio.Event()
        self._progress: dict[tuple[int, int], Progress] = {}
        self._next_beat = 0.0

    def wake(self) -> None:
        self._bell.set()

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self._relay()
                except (LogLost, Fenced) as reason:
                    log.warning("relay starts again", service=self._service, reason=str(reason))
                except Exception as error:
                    why = f"{type(error).__name__}: {error}"[:200]
                    log.warning("the journal waits", service=self._service, reason=why)
                    await asyncio.sleep(0.5)
        finally:
            with suppress(Exception):
                await self._leases.release()

    async def _relay(self) -> None:
        # Ours alone, and rebuilt after any failure: an idempotent producer that has lost a batch
        # refuses that partition for ever, and one that is not could let a later batch overtake.
        producer = AIOKafkaProducer(
            **self._kafka,
            acks="all",
            enable_idempotence=self._idempotent,
            compression_type="zstd",
            max_batch_size=256 * 1024,
            # Twice in PATIENCE: a broker that hangs is asked, then where its slices are now.
            request_timeout_ms=PATIENCE * 500,
        )
        self._progress, self._next_beat = {}, 0
        self._leases.expire()
        try:
            await producer.start()
            while True:
                self._bell.clear()
                if not await self._round(producer):
                    await self._rest()
        finally:
            with suppress(Exception):
                async with asyncio.timeout(5):
                    await producer.stop()

    async def _rest(self) -> None:
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with the bell.
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self._sweep, self._heartbeat / 2)):
                await self._bell.wait()

    async def _round(self, producer: AIOKafkaProducer) -> bool:
        """Publish once; True when there may be more."""
        as_of = now()
        held = await self._leases.held()
        await self._follow(held)
        rows = await self._told_before(held)
        behind = {slice for slice, _ in self._behind(held)}
        ready = {slice: epoch for slice, epoch in held.items() if slice not in behind}
        new: list[Row] = []
        if ready and await self._journal.has_waiting([*ready]):
            new = await self._journal.position(ready, self._most)
            for one in new:
                self._at(held, one["slice"]).last = one["position"]
        if rows or new:
            began = time.time_ns()
            await self._publish(producer, held, [*rows, *new])
            if traces.on():
                self._trace(new, began)
        more = bool(rows) or len(new) == self._most
        if not more and asyncio.get_running_loop().time() >= self._next_beat:
            # Had another relay taken a slice over while we looked for what waits, it might not have
            # published yet what no longer waits.
            await self._beat(producer, await self._leases.still(held), as_of)
        return more

    def _at(self, held: Held, slice: int) -> Progress:
        return self._progress[slice, held[slice]]

    def _behind(self, held: Held) -> Iterable[tuple[int, Progress]]:
        for slice in held:
            at = self._at(held, slice)
            if at.acked < at.last:
                yield slice, at

    async def _follow(self, held: Held) -> None:
        """Take up slices that came to us, and heed an operator who asked for a replay."""
        asked = [one["_id"] for one in self._leases.slices if one.pop("replay", False)]
        if asked:
            await self._journal.begin_again(held, asked)
            self._progress = {at: p for at, p in self._progress.items() if at[0] not in asked}
        for one in self._leases.slices:
            fresh = Progress(one["last"], one["acked"], one.get("offset", -1))
            if one["_id"] in asked:
                fresh = Progress(one["last"], 0, -1)
            self._progress.setdefault((one["_id"], one["epoch"]), fresh)
        self._progress = {(s, epoch): self._progress[s, epoch] for s, epoch in held.items()}

    async def _told_before(self, held: Held) -> list[Row]:
        """Rows that have their position but are not known to be in Kafka."""
        rows: list[Row] = []
        for slice, at in self._behind(held):
            most = self._most - len(rows)
            if most <= 0:
                break
            found = await self._journal.published(slice, after=at.acked, most=most)
            if not found:
                log.error("journal rows are gone", slice=slice, after=at.acked, last=at.last)
                at.acked = at.last
            rows += found
        return rows

    async def _publish(self, producer: AIOKafkaProducer, held: Held, rows: list[Row]) -> None:
        """Send all, then wait for all; a failure leaves none of them behind unnoticed."""
        sent = [
            await producer.send(
                self._topic,
                one["data"],
                key=one["key"].encode(),
                partition=one["slice"],
                headers=headers(one),
            )
            for one in rows
        ]
        answers = await _answered(sent)
        lost = {
            one["slice"]
            for one, answer in zip(rows, answers, strict=True)
            if self._at(held, one["slice"]).shrunk(answer.offset)
        }
        if lost:
            await self._tell_again(held, lost)
        acked = {one["slice"]: one["position"] for one in rows}
        reached = {s: (position, self._at(held, s).offset) for s, position in acked.items()}
        await self._journal.acknowledge(held, reached)
        for slice, position in acked.items():
            self._at(held, slice).acked = position
        metrics.published.labels(self._service).inc(len(rows))

    def _trace(self, rows: list[Row], began: int) -> None:
        """Told for the first time; what is told again, perhaps years later, is in no trace."""
        for one in rows:
            said = {
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.operation.name": "send",
                "messaging.destination.name": self._topic,
                "messaging.destination.partition.id": str(one["slice"]),
                "messaging.message.id": one["_id"],
                "chorale.event.type": one["type"],
                "chorale.waited": began / 1e9 - one["at"].timestamp(),
            }
            name, parent = f"send {self._topic}", one.get("trace", "")
            span = traces.begin(self._service, name, "producer", parent, said, began=began)
            if span:
                span.end()

    async def _beat(self, producer: AIOKafkaProducer, held: Held, as_of: datetime) -> None:
        """
        Say on every slice that all that was committed before ``as_of`` has been told.

        A hearer that misses it must assume that something was decided it does not know of.
        """
        self._next_beat = asyncio.get_running_loop().time() + self._heartbeat
        quiet = [
            slice for slice in held if self._at(held, slice).acked == self._at(held, slice).last
        ]
        sent = []
        for slice in quiet:
            attributes = {
                "ce_specversion": "1.0",
                "ce_id": new_id(),
                "ce_type": HEARTBEAT,
                "ce_source": f"/{self._service}",
                "content-type": "application/json",
            }
            given = [(name, text.encode()) for name, text in attributes.items()]
            claim = {"as_of": as_of.isoformat(), "position": self._at(held, slice).acked}
            value = json.dumps(claim).encode()
            sent.append(await producer.send(self._topic, value, partition=slice, headers=given))
        answers = await _answered(sent)
        lost = {
            slice
            for slice, answer in zip(quiet, answers, strict=True)
            if self._at(held, slice).shrunk(answer.offset)
        }
        if lost:
            await self._tell_again(held, lost)

    async def _tell_again(self, held: Held, slices: set[int]) -> None:
        metrics.lost_slices.labels(self._service).inc(len(slices))
        await self._journal.begin_again(held, [*slices])
        raise LogLost(f"{self._topic}: slices {sorted(slices)} are told again")


async def _answered(sent: list[asyncio.Future[RecordMetadata]]) -> list[RecordMetadata]:
    """What Kafka said of each; an idempotent producer by itself would ask it for ever."""
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*sent)


async def ask_replay(mongo: Mongo) -> int:
    """Have a service's relay publish its whole journal again; returns how many events that is."""
    await mongo["slices"].update_many({}, {"$set": {"replay": True}})
    found = await mongo["slices"].find({}, {"last": 1}).to_list(None)
    return sum(one["last"] for one in found)
