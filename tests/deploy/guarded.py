"""Kafka and MongoDB as production runs them: three of each, and nobody comes in unknown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from deploy.embedded import mongod
from deploy.embedded.child import Child
from deploy.replicas import make_set
from kit.settings import Connections
from tests import stack
from tests.ports import free_ports


def signed_in(address: str, name: str, secrets: Path) -> Connections:
    password = (secrets / name / "chorale_kafka_password").read_text()
    return Connections(kafka=address, kafka_user=name, kafka_password=SecretStr(password))


@asynccontextmanager
async def kafka(folder: Path, secrets: Path) -> AsyncIterator[Connections]:
    """As its operator sees it."""
    async with stack.apache_kafka(folder, brokers=3, secrets=secrets) as (address, _):
        yield signed_in(address, "admin", secrets)


@asynccontextmanager
async def mongo(folder: Path, secrets: Path) -> AsyncIterator[Connections]:
    """As its operator sees it."""
    ports = free_ports(3)
    members = [_member(folder, port, secrets / "mongo_keyfile") for port in ports]
    try:
        for one in members:
            await one.spawn()
        hosts = [f"127.0.0.1:{port}" for port in ports]
        settings = Connections(
            mongo=f"mongodb://{','.join(hosts)}/?replicaSet={mongod.REPLICA_SET}",
            mongo_user="admin",
            mongo_password=SecretStr((secrets / "admin" / "chorale_mongo_password").read_text()),
        )
        async with asyncio.timeout(60):
            for _ in range(2):  # Asked again, it changes nothing.
                await make_set(hosts[0], hosts, settings)
        yield settings
    finally:
        for one in members:
            one.kill()


def _member(folder: Path, port: int, key: Path) -> Child:
    asked = mongod.mongod(folder / str(port), port)
    return Child(
        f"mongod-{port}",
        [*asked.command, "--keyFile", str(key)],
        log_file=folder / f"{port}.log",
        ready=asyncio.Event().wait,
    )
