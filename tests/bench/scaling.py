"""What more of something does to hearing: events in a batch, consumers, entities, the driver."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kit.ids import new_id
from kit.service import Service
from tests.approvals.builders import an_approval
from tests.bench.hearing import STRUCTURES, Hearer, Pace, Teller, hear, hearer
from tests.bench.results import Curve, Measured, Result, ratio
from tests.bench.stand import Stand, collection_of, document, insert, stand
from tests.bench.until import until

BATCHES = (1, 10, 50, 100, 250, 500, 1000)
CONSUMERS = (1, 2, 4)
ENTITIES = (10_000, 100_000, 1_000_000)
DRIVERS = ("motor", "pymongo")
WARM = 1_000

Points = list[tuple[float, tuple[float, ...]]]


async def scaling(runs: int, *, quick: bool) -> Result:
    """Not a row: throughput by batch size, consumers, entities and driver."""
    runs, events = min(runs, 3), 6_000 if quick else 20_000
    async with stand(kafka=True) as here:
        await Teller(here).tell(events)
        batches = await _by_batch(here, runs, events, BATCHES[::3] if quick else BATCHES)
        drivers = await _by_driver(here, runs, events)
        entities = await _by_entities(here, events, ENTITIES[:2] if quick else ENTITIES)
    async with stand(kafka=True) as here:
        consumers = await _by_consumers(here, runs, events)
        broker = here.broker
    motor, pymongo = drivers
    return Result(
        title="What more of something does to hearing",
        claims=(),
        parts=(
            motor,
            pymongo,
            ratio("pymongo / motor", pymongo.values, motor.values),
        ),
        curves=(
            _curve("batches", "By events in a batch", "events taken from Kafka at once", batches),
            _curve("entities", "By entities kept before", "approvals", entities),
            replace(_curve("consumers", "By consumers", "processes", consumers), stretched=False),
        ),
        notes=(
            (
                f"On {broker}. Each stretch begins with a new process and a database of its own. With "
                "several consumers all have joined before the first event is told."
            ),
        ),
    )


def _curve(name: str, title: str, across: str, points: Points) -> Curve:
    return Curve(name, title, across, "events heard a second", {"heard": points}, stretched=True)


async def _by_batch(here: Stand, runs: int, events: int, sizes: tuple[int, ...]) -> Points:
    paces: dict[int, list[Pace]] = {size: [] for size in sizes}
    for _ in range(runs):
        for size, found in paces.items():
            found.append(await hear(here, events, seconds=4, hear_at_once=size))
    return [(size, tuple(one.events for one in found)) for size, found in paces.items()]


async def _by_driver(here: Stand, runs: int, events: int) -> list[Measured]:
    paces: dict[str, list[float]] = {driver: [] for driver in DRIVERS}
    for _ in range(runs):
        for driver, found in paces.items():
            found.append((await hear(here, events, mongo_driver=driver)).events)
    return [
        Measured(f"heard with {driver}", "events/s", tuple(found))
        for driver, found in paces.items()
    ]


async def _by_entities(here: Stand, events: int, sizes: tuple[int, ...]) -> Points:
    points: Points = []
    for size in sizes:

        async def fill(service: Service[Any], many: int = size) -> None:
            kept = collection_of(service, "approvals")
            await insert(kept.documents, _approvals(document(kept, an_approval()), many))

        async with hearer(here, prefilled=fill) as one:
            pace = await one.measure(WARM, events)
        points.append((size, (pace.events,)))
    return points


def _approvals(shape: dict[str, Any], many: int) -> Iterator[dict[str, Any]]:
    for n in range(many):
        own = {"requester_id": new_id(), "structure_id": f"{n % STRUCTURES:032x}"}
        yield shape | own | {"_id": new_id()}


class _Group:
    """So many consumers of one service, at rest until it is their turn."""

    def __init__(self, here: Stand, consumers: int) -> None:
        self.hearer, self.consumers, self.found = Hearer(here), consumers, list[float]()

    async def start(self) -> None:
        await self.hearer.prepare()
        for _ in range(self.consumers):
            # A session that outlasts the turns of the others.
            await self.hearer.start(kafka_session=60)

    async def joined(self) -> None:
        for process in self.hearer.processes:
            await process.ready()

    def rest(self) -> None:
        self._signal(signal.SIGSTOP)

    def _signal(self, which: signal.Signals) -> None:
        for process in self.hearer.processes:
            os.kill(process.child.pid or 0, which)

    async def hear(self, after: int, to: int) -> None:
        self._signal(signal.SIGCONT)
        pace = await self.hearer.measure(after + WARM, to)
        self.found.append(pace.events)
        await until(self._told, patience=60)

    async def _told(self) -> bool:
        rows = self.hearer.service.journal.rows
        return not await rows.find_one({"waiting": {"$gte": 0}})

    async def end(self) -> None:
        self._signal(signal.SIGCONT)
        await self.hearer.end()


async def _by_consumers(here: Stand, runs: int, events: int) -> Points:
    teller, groups = Teller(here), [_Group(here, many) for many in CONSUMERS]
    for group in groups:
        await group.start()
    for group in groups:
        await group.joined()
    for _ in range(runs):
        for group in groups:
            group.rest()
        before = teller.told
        await teller.tell(events)
        for group in groups:
            await group.hear(before, teller.told)
            group.rest()
    for group in groups:
        await group.end()
    return [(group.consumers, tuple(group.found)) for group in groups]
