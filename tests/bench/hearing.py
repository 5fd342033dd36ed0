"""How fast a service hears: against one message at a time, and against raw inserts."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from aiokafka import AIOKafkaProducer

from contracts.users import RattachementRequested
from kit.clock import now, today
from kit.ids import new_id
from kit.journal import Row, headers, row
from kit.rights import Rights
from kit.service import Service
from kit.settings import Settings
from services.approvals.domain.approvers import Approvers
from services.approvals.main import build
from services.approvals.seats import seat_of
from services.approvals.settings import ApprovalsSettings
from tests.bench.results import Claim, Measured, Result, ratio
from tests.bench.stand import Process, Stand, cpu_of, own_cpu, seed, stand
from tests.bench.until import until

TOPIC = "users.events"
STRUCTURES = 2_000
WARM = 2_000
"""Events heard before the clock runs."""
RAW_AT_ONCE = 500
_turn = count(1)


def approvers() -> Iterator[Approvers]:
    """Each structure has a principal manager: whatever is asked is told to somebody."""
    for n in range(STRUCTURES):
        right = Rights(id="", user_id=f"m{n}", structure_id=f"{n:032x}", role="principal_manager")
        yield Approvers(id=right.structure_id, seats=(seat_of(right),))


class Teller:
    """Tells Kafka of requests as the relay of users would."""

    def __init__(self, here: Stand) -> None:
        self._here, self._last, self.told = here, dict[int, int](), 0

    def _rows(self, many: int) -> Iterator[Row]:
        for n in range(self.told, self.told + many):
            event = RattachementRequested(
                request_id=new_id(),
                user_id=new_id(),
                structure_id=f"{n % STRUCTURES:032x}",
                structure_identifier=f"{n % STRUCTURES:014}",
                structure_name=f"Menuiserie {n % STRUCTURES}",
                valid_from=today(),
                requested_at=now(),
            )
            one = row(event, clock=n, correlation=new_id(), at=now())
            one["position"] = self._last[one["slice"]] = self._last.get(one["slice"], 0) + 1
            yield one

    async def tell(self, many: int) -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=self._here.kafka,
            # Without it, what is sent again after a failure would come after what followed it.
            enable_idempotence=self._here.apache,
            compression_type="zstd",
            max_batch_size=256 * 1024,
        ) as producer:
            rows = self._rows(many)
            while some := list(islice(rows, 1000)):
                sent = [
                    await producer.send(
                        TOPIC,
                        one["data"],
                        key=one["key"].encode(),
                        partition=one["slice"],
                        headers=headers(one),
                    )
                    for one in some
                ]
                await asyncio.gather(*sent)
        self.told += many


@dataclass(frozen=True, slots=True)
class Pace:
    """What was done in one stretch of hearing, each second of it."""

    events: float
    inserted: float
    written: float
    """Documents inserted or updated."""
    cpu: float
    mongod: float


class Hearer:
    """Approvals with a database of its own, heard by one process or several."""

    def __init__(self, here: Stand) -> None:
        self.here, self.prefix = here, f"h{next(_turn)}-"
        settings = here.settings(ApprovalsSettings, database_prefix=self.prefix)
        self.service = Service("approvals", settings)
        build(self.service)
        self.processes: list[Process] = []

    async def prepare(self) -> None:
        await self.service.prepare()
        await seed(self.service, "approvers", approvers())

    async def start(self, **env: object) -> None:
        said = {"database_prefix": self.prefix} | env
        self.processes.append(await self.here.serve("approvals", **said))

    async def heard(self) -> int:
        return sum((await self.service.heard.positions()).values())

    async def measure(self, after: int, to: int, *, seconds: float = 60) -> Pace:
        """From a count of events to another, or for so many seconds."""
        await self.until(after)
        start, written = await self.heard(), await self._documents()
        began, cpu, mongod = time.perf_counter(), self._cpu(), cpu_of(self.here.mongod)
        end = began + seconds

        async def over() -> bool:
            return time.perf_counter() > end or await self.heard() >= to

        await until(over, every=0.01, patience=2 * seconds)
        heard, spent = await self.heard(), time.perf_counter() - began
        inserted, updated = [b - a for a, b in zip(written, await self._documents(), strict=True)]
        return Pace(
            events=(heard - start) / spent,
            inserted=inserted / spent,
            written=(inserted + updated) / spent,
            cpu=(self._cpu() - cpu) / spent,
            mongod=(cpu_of(self.here.mongod) - mongod) / spent,
        )

    async def until(self, events: int) -> None:
        async def so() -> bool:
            return await self.heard() >= events

        await until(so, every=0.005)

    def _cpu(self) -> float:
        return sum(one.cpu() for one in self.processes)

    async def _documents(self) -> tuple[int, int]:
        status = await self.service.mongo._database.command("serverStatus")
        counted = status["metrics"]["document"]
        return int(counted["inserted"]), int(counted["updated"])

    async def end(self) -> None:
        for process in self.processes:
            await process.stop()
        await self.service.mongo.drop()
        await self.service.mongo.close()


@asynccontextmanager
async def hearer(here: Stand, *, prefilled: Any = None, **env: object):
    one = Hearer(here)
    try:
        await one.prepare()
        if prefilled:
            await prefilled(one.service)
        await one.start(**env)
        yield one
    finally:
        await one.end()


async def hear(here: Stand, events: int, *, seconds: float = 60, **env: object) -> Pace:
    """By one new process with a new database, from the beginning of the topic."""
    warm = min(WARM, events // 10) if env.get("hear_at_once", 500) != 1 else 50
    async with hearer(here, **env) as one:
        return await one.measure(warm, events, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Inserted:
    """Documents a second, and what each cost in microseconds of processor."""

    rate: float
    client: float
    mongod: float


async def insert_raw(here: Stand, documents: dict[str, list[dict[str, Any]]]) -> Inserted:
    """The same documents once more: only inserted, a batch of each collection in turn."""
    service = Service("raw", here.settings(Settings))
    raw = service.mongo
    batches = [(name, list(some)) for name, all_ in documents.items() for some in _cut(all_)]
    batches.sort(key=lambda one: one[0])
    half = len(batches) // 2
    turns = [one for pair in zip(batches[:half], batches[half:], strict=False) for one in pair]
    await raw.create(*documents)
    began, client, mongod = time.perf_counter(), own_cpu(), cpu_of(here.mongod)
    for name, some in turns:
        await raw[name].insert_many(some, ordered=False)
    many, spent = sum(len(some) for _, some in turns), time.perf_counter() - began
    client, mongod = own_cpu() - client, cpu_of(here.mongod) - mongod
    await raw.drop()
    await raw.close()
    return Inserted(many / spent, client / many * 1e6, mongod / many * 1e6)


def _cut(documents: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(documents), RAW_AT_ONCE):
        yield documents[start : start + RAW_AT_ONCE]


async def written_by_hearing(here: Stand, events: int) -> dict[str, list[dict[str, Any]]]:
    """The documents that hearing these events leaves."""
    async with hearer(here) as one:
        await one.until(events)
        return {
            name: await one.service.mongo[name].find({}).limit(events).to_list(None)
            for name in ("approvals", "journal")
        }


async def hearing(runs: int, *, quick: bool) -> Result:
    """Rows: against one at a time, and against raw inserts."""
    events = 12_000 if quick else 30_000
    paces: dict[str, list[Pace]] = {"many": [], "one": []}
    raw = list[Inserted]()
    async with stand(kafka=True) as here:
        await Teller(here).tell(events)
        documents = await written_by_hearing(here, events)
        for _ in range(runs):
            paces["many"].append(await hear(here, events))
            raw.append(await insert_raw(here, documents))
            paces["one"].append(await hear(here, events, hear_at_once=1, seconds=3))
        return _result(here, paces, raw)


def _result(here: Stand, paces: dict[str, list[Pace]], inserted: list[Inserted]) -> Result:
    def of(side: str, what: str) -> tuple[float, ...]:
        return tuple(getattr(one, what) for one in paces[side])

    many, one = of("many", "events"), of("one", "events")
    raw = tuple(each.rate for each in inserted)

    def cost(share: str) -> tuple[float, ...]:
        return tuple(getattr(each, share) / each.events * 1e6 for each in paces["many"])

    return Result(
        title="Hearing",
        claims=(
            Claim(ratio("batches / one event at a time", many, one), at_least=20),
            Claim(
                ratio("documents inserted / raw insert_many", of("many", "inserted"), raw),
                at_least=0.35,
            ),
        ),
        parts=(
            ratio("documents inserted or updated / raw insert_many", of("many", "written"), raw),
            Measured("heard in batches", "events/s", many),
            Measured("heard one at a time", "events/s", one),
            Measured("documents inserted while hearing", "/s", of("many", "inserted")),
            Measured("documents inserted or updated while hearing", "/s", of("many", "written")),
            Measured("raw insert_many", "documents/s", raw),
            Measured("processor for each event: the hearer", "µs", cost("cpu")),
            Measured("processor for each event: mongod", "µs", cost("mongod")),
            Measured(
                "processor for each raw document: the driver",
                "µs",
                tuple(each.client for each in inserted),
            ),
            Measured(
                "processor for each raw document: mongod",
                "µs",
                tuple(each.mongod for each in inserted),
            ),
        ),
        notes=(
            (
                f"On {here.broker}. The service approvals, one process as `chorale serve` runs it, "
                "hears `users.rattachement-requested` from the beginning of the topic. Each event "
                "inserts an approval and a journal row. It also updates the version that "
                "the decision rested on (once for each structure in a batch), the positions heard "
                "(16 in a batch), and, as the relay of the same process tells the row meanwhile, "
                "the row's position: all this is in the count of updates, not in the bound."
            ),
            (
                "Raw: the same approvals and journal rows read back and inserted by the same "
                f"driver, {RAW_AT_ONCE} at a time, `w: majority`, without transactions and without "
                "the indexes that hearing keeps up."
            ),
            (
                "One at a time: the same process told to take one event from Kafka at once: one "
                "transaction and one offset for each."
            ),
        ),
    )
