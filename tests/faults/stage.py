"""One platform to be hurt: Apache Kafka, MongoDB, a post office, and each service a process."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy import keys
from deploy.embedded import mongod, sirene
from deploy.embedded.child import Child
from deploy.installation import Installation, service_names
from deploy.kafka import cluster
from deploy.serving import Server
from tests.conftest import UNHURRIED
from tests.faults.lives import Engine, Services
from tests.faults.post import Post
from tests.faults.tally import Tally
from tests.ports import free_ports

SESSION = 6
"""Seconds: the shortest that Apache Kafka grants a consumer."""
ELECTION = 2_000
"""
Milliseconds until a silent primary is replaced (its own: 10 s), so that a thousand kills find
the platform at work.
"""
DISK = 6 << 30
RIGHTS_MAX_AGE = 5
"""Seconds. As an installation has it, and its heartbeats: other tests are less strict."""


class Stage:
    """``members``: how many brokers, and how many members of MongoDB."""

    def __init__(self, data: Path, *, members: int, tally: Tally) -> None:
        self.data, self.members, self.tally = data, members, tally
        names = [name for name in Installation.model_fields if name.endswith("_port")]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._mongo_ports = free_ports(members)
        self._kafka_ports = free_ports(cluster.PORTS_OF_ONE * members)
        self.here = Installation(data=data, **self.ports)  # type: ignore[arg-type]
        self.mongo = mongod.url(*self._mongo_ports)
        self.kafka = ",".join(cluster.addresses(self._kafka_ports))
        self.post = Post(self.here.mail, self.here.mail_port)
        self.disk: Path | None = None
        self.brokers: list[Engine] = []
        self._databases: dict[int, Engine] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self._server = Server("sirene", sirene.app(), port=self.here.sirene_port)

    async def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        keys.make(self.data / "secrets")
        os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        self._mount()
        sets = mongod.replica_set(self.data, self._mongo_ports, election_ms=ELECTION)
        kafka = await self.make_brokers()
        for child in (*sets, *kafka):
            await child.spawn()
        await asyncio.gather(*(child.until_ready() for child in (*sets, *kafka)))
        self.brokers = [Engine(child, "broker", self.tally) for child in kafka]
        members = [Engine(child, "mongod", self.tally) for child in sets]
        self._databases = dict(zip(self._mongo_ports, members, strict=True))
        await self.post.start()
        self._tasks += [asyncio.create_task(self._server.run_until_told())]
        self._tasks += [asyncio.create_task(one.keep()) for one in (*self.brokers, *members)]
        ports = {name: self.here.port_of(name) for name in service_names()}
        self.services = Services(self.data, ports, self.environment(), self.tally)
        await self.services.start()

    async def make_brokers(self) -> list[Child]:
        jars = Installation.model_fields["data"].default / "kafka"
        return await asyncio.to_thread(cluster.brokers, self.data, self._kafka_ports, jars_in=jars)

    def environment(self) -> dict[str, str]:
        settings = UNHURRIED | {
            "access_for": "PT12H",
            "effort_bits": 0,
            "kafka": self.kafka,
            "kafka_session": SESSION,
            "kafka_member": "1",
            "log_level": "warning",
            "mongo": self.mongo,
            "rights_max_age": RIGHTS_MAX_AGE,
            "heartbeat_every": 1,
            "sirene_url": f"http://127.0.0.1:{self.here.sirene_port}/api-sirene/3.11",
            "smtp_port": self.here.mail_port,
        }
        said = {f"CHORALE_{name.upper()}": str(value) for name, value in settings.items()}
        return self.here.told_to_services(embedded=False) | said

    def _mount(self) -> None:
        """The last member of MongoDB keeps its data on a small disk of its own, if we may."""
        folder = self.data / f"mongo-{self.members}"
        folder.mkdir(parents=True, exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "chorale-faults", str(folder)],
            capture_output=True,
            check=False,
        )
        self.disk = folder if mounted.returncode == 0 else None

    @property
    def members_of_mongo(self) -> list[Engine]:
        return [*self._databases.values()]

    async def engines(self, target: str) -> list[Engine]:
        """Those that a fault is meant for, as things stand."""
        if target == "brokers":
            return self.brokers
        if target == "members":
            return self.members_of_mongo
        if target in {"primary", "secondary"}:
            first = await self._primary()
            others = [one for one in self.members_of_mongo if one is not first]
            return [first] if target == "primary" else others[:1]
        return [one for one in self.brokers if one.name == target]

    async def _primary(self) -> Engine:
        """The primary, or any member where there is none."""
        for port, member in self._databases.items():
            client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                f"127.0.0.1:{port}", directConnection=True, timeoutMS=300
            )
            try:
                if (await client.admin.command("hello")).get("isWritablePrimary"):
                    return member
            except PyMongoError:
                pass
            finally:
                await client.close()
        return self.members_of_mongo[0]

    async def wipe_brokers(self) -> None:
        """Nothing of what Kafka was told is left."""
        await asyncio.gather(*(broker.gone() for broker in self.brokers))
        for number in range(1, self.members + 1):
            shutil.rmtree(self.data / "kafka" / str(number))
        await self.make_brokers()  # Their storage is formatted again; the children stay ours.
        for broker in self.brokers:
            broker.wanted.set()
        await asyncio.sleep(1)
        await asyncio.gather(*(broker.child.until_ready() for broker in self.brokers))

    async def stop(self) -> None:
        services = getattr(self, "services", None)
        if services:
            await services.stop()
        for task in self._tasks:
            task.cancel()
        engines = [*self.brokers, *self._databases.values()]
        for engine in engines:
            engine.child.kill()
        for engine in engines:
            if engine.child._process:
                await engine.child._process.wait()
        self.post.stop()
        if self.disk:
            await asyncio.to_thread(subprocess.run, ["umount", str(self.disk)], check=False)
