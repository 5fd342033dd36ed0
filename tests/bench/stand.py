"""What the benchmarks run on: a database, a broker, and processes beside them."""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from deploy import keys, up
from deploy.embedded.child import Child
from deploy.kafka import jars
from kit.change import Entity
from kit.collection import Collection, Stored
from kit.mongo import Mongo
from kit.service import Service
from kit.settings import Settings
from tests import stack
from tests.ports import free_ports

AT_ONCE = 5_000
UNHURRIED = {"caller_rate": "1000000/second", "rights_max_age": 30, "log_level": "warning"}
"""All load comes from one address, and from few callers."""


def apache() -> bool:
    """Whether Apache Kafka can be run here."""
    return not jars.missing()


class Stand:
    """A mongod and a broker of our own, with the settings that lead services to them."""

    def __init__(self, folder: Path, mongo: str, kafka: str, *, apache: bool) -> None:
        self.folder, self.mongo, self.kafka, self.apache = folder, mongo, kafka, apache
        self.broker = "Apache Kafka" if apache else "the embedded broker"
        self._started = AsyncExitStack()
        keys.make(folder / "secrets")
        self.env = {
            name: str(value)
            for name, value in {
                "CHORALE_MONGO": mongo,
                "CHORALE_KAFKA": kafka,
                "CHORALE_KAFKA_IDEMPOTENCE": apache,
                "CHORALE_KAFKA_SESSION": 6 if apache else 4,
                "CHORALE_SECRETS": (folder / "secrets").resolve(),
                **{f"CHORALE_{name.upper()}": value for name, value in UNHURRIED.items()},
            }.items()
        }

    @cached_property
    def mongod(self) -> int:
        """Its process."""
        return next(pid for pid in children() if b"mongod" in _command(pid))

    @cached_property
    def broker_pid(self) -> int:
        word = b"kafka.Kafka" if self.apache else b"broker"
        return next(pid for pid in children() if word in _command(pid))

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / f"chorale_{name}").read_text()

    def settings(self, kind: type[Settings], **but: Any) -> Any:
        """As a service here has them, for a service of our own process."""
        known = {name.removeprefix("CHORALE_").lower(): value for name, value in self.env.items()}
        return kind(_secrets_dir=self.env["CHORALE_SECRETS"], **(known | but))

    async def serve(self, name: str, **env: object) -> "Process":
        """One service in a process of its own; ``env`` without CHORALE_."""
        [port] = free_ports(1)
        told = {f"CHORALE_{key.upper()}": str(value) for key, value in env.items()}
        told[f"CHORALE_{name.upper()}_PORT"] = str(port)
        command = (sys.executable, "-m", "deploy.cli", "serve", name)
        return await self.run(name, command, port, "/livez", told)

    async def run(
        self, name: str, command: Sequence[str], port: int, path: str, env: dict[str, str]
    ) -> "Process":
        child = Child(
            name,
            command,
            log_file=self.folder / "log" / f"{name}-{port}.log",
            ready=lambda: up.until_ready({name: f"http://127.0.0.1:{port}"}, path=path),
            env=self.env | env,
        )
        self._started.push_async_callback(child.stop)
        await child.spawn()
        await child.until_ready()
        return Process(child, port)

    async def end(self) -> None:
        await self._started.aclose()


class Process:
    """A child that serves on a port."""

    def __init__(self, child: Child, port: int) -> None:
        self.child, self.port = child, port

    async def ready(self) -> None:
        url = f"http://127.0.0.1:{self.port}"
        await up.until_ready({self.child.name: url}, path="/readyz")

    def cpu(self) -> float:
        """Seconds it has used so far."""
        return cpu_of(self.child.pid or 0)

    async def stop(self) -> None:
        await self.child.stop()


@asynccontextmanager
async def stand(*, kafka: bool = False, cache: float = 0) -> AsyncIterator[Stand]:
    """
    What a benchmark runs on: processes of our own, whose processor we can count.

    ``kafka``: Apache Kafka where it can be run. ``cache``: gigabytes that MongoDB may use.
    """
    async with AsyncExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="chorale-bench-")))
        mongo = await held.enter_async_context(stack.embedded_mongo(folder / "mongo"))
        if cache:
            await _widen(mongo, cache)
        real = kafka and apache()
        if real:
            address, _ = await held.enter_async_context(stack.apache_kafka(folder / "kafka"))
        else:
            address = await held.enter_async_context(stack.embedded_kafka(folder / "kafka"))
        here = Stand(folder, mongo, address, apache=real)
        held.push_async_callback(here.end)
        yield here


async def _widen(url: str, gigabytes: float) -> None:
    mongo = Mongo(url, "admin")
    size = f"cache_size={int(gigabytes * 1024)}M"
    await mongo._database.command({"setParameter": 1, "wiredTigerEngineRuntimeConfig": size})
    await mongo.close()


def children() -> list[int]:
    """The processes that we started."""
    listed = subprocess.run(("ps", "-A", "-o", "pid=,ppid="), capture_output=True, check=True)
    rows = (map(int, line.split()) for line in listed.stdout.splitlines())
    return [pid for pid, parent in rows if parent == os.getpid()]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:  # it has ended, as did whoever listed it
        return b""


def cpu_of(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def collection_of(service: Service[Any], name: str) -> Collection[Any]:
    return next(one for one in service.collections if one.name == name)


def document(collection: Collection[Any], state: Entity) -> dict[str, Any]:
    """An entity as the committer writes it the first time."""
    kept = Stored(replace(state, version=1), clock=1)
    return {"_id": state.id, **collection.dump(kept)}


async def insert(documents: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Raw, as fast as the driver can: two batches on their way while the next is made."""
    batch, going = list[dict[str, Any]](), list[asyncio.Future[Any]]()
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            going.append(asyncio.ensure_future(documents.insert_many(batch, ordered=False)))
            batch = []
            if len(going) > 2:
                await going.pop(0)
            await asyncio.sleep(0)
    if batch:
        going.append(asyncio.ensure_future(documents.insert_many(batch, ordered=False)))
    await asyncio.gather(*going)


async def seed(service: Service[Any], name: str, states: Iterable[Entity]) -> None:
    kept = collection_of(service, name)
    await insert(kept.documents, (document(kept, one) for one in states))


async def fill(here: Stand, service: Service[Any], name: str, states: Iterable[Entity]) -> None:
    """The same of very many: indexes are built at once when all is there, not row by row."""
    kept = collection_of(service, name)
    for index in kept.indexes:
        await kept.documents.drop_index(index.document["name"])
    await seed(service, name, states)
    # A client that waits for as long as it takes, as a service at its start does not.
    async with AsyncMongoClient[dict[str, Any]](here.mongo) as patient:
        documents = patient[service.mongo.name][kept.documents.name]
        await documents.create_indexes([*kept.indexes])
