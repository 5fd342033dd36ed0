"""
The database and the broker that the tests use: in Docker where an engine answers, embedded otherwise.

With CHORALE_TEST_KAFKA=apache the broker is Apache Kafka, started here without Docker.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from deploy import topics
from deploy.embedded.broker import broker
from deploy.embedded.child import Child
from deploy.embedded.mongod import mongod, url
from deploy.installation import Installation
from deploy.kafka import cluster, jars
from kit.settings import Connections
from tests.ports import free_ports


@cache
def docker() -> bool:
    """Whether a Docker engine answers: its client alone is not enough."""
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    return asked.returncode == 0


def apache() -> bool:
    """Whether the broker is to be an Apache Kafka of our own."""
    return os.environ.get("CHORALE_TEST_KAFKA") == "apache"


def idempotence() -> bool:
    """Whether the broker knows an idempotent producer."""
    return apache() or docker()


def shortest_session() -> float:
    """Seconds: Apache Kafka refuses less, the embedded broker makes a group wait for half of it."""
    return 6 if idempotence() else 4


def described() -> str:
    mongo = "MongoDB in Docker" if docker() else "embedded mongod"
    if apache():
        return f"{mongo}, Apache Kafka"
    return f"{mongo}, {'Apache Kafka in Docker' if docker() else 'embedded broker'}"


async def _started(child: Child) -> Child:
    await child.spawn()
    await child.until_ready()
    return child


@asynccontextmanager
async def mongo(folder: Path) -> AsyncIterator[str]:
    if docker():
        from testcontainers.community.mongodb import MongoDBAtlasLocalContainer

        with MongoDBAtlasLocalContainer("mongodb/mongodb-atlas-local:8.0") as container:
            yield f"{container.get_connection_url()}?directConnection=true"
        return
    async with embedded_mongo(folder) as address:
        yield address


@asynccontextmanager
async def embedded_mongo(folder: Path) -> AsyncIterator[str]:
    [port] = free_ports(1)
    child = await _started(mongod(folder, port))
    try:
        yield url(port)
    finally:
        await child.stop()


@asynccontextmanager
async def kafka(folder: Path) -> AsyncIterator[str]:
    if apache():
        async with apache_kafka(folder) as (address, _):
            yield address
        return
    if docker():
        async with kafka_in_docker() as address:
            yield address
        return
    async with embedded_kafka(folder) as address:
        yield address


@asynccontextmanager
async def embedded_kafka(folder: Path) -> AsyncIterator[str]:
    [port] = free_ports(1)
    child = await _started(broker(folder, port))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        child.kill()
        await asyncio.sleep(0)


@asynccontextmanager
async def kafka_in_docker() -> AsyncIterator[str]:
    """The same release as everywhere, from the image that its project makes."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    [port] = free_ports(1)
    address = f"127.0.0.1:{port}"
    container = DockerContainer(f"apache/kafka:{jars.version()}").with_bind_ports(9092, port)
    for name, value in {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://{address}",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }.items():
        container.with_env(f"KAFKA_{name}", value)
    with container.waiting_for(LogMessageWaitStrategy("Kafka Server started")):
        await topics.make(Connections(kafka=address), brokers=1)
        yield address


@asynccontextmanager
async def apache_kafka(
    folder: Path, *, brokers: int = 1, secrets: Path | None = None
) -> AsyncIterator[tuple[str, list[Child]]]:
    """Its address, and its processes; the jars are kept for the next time."""
    ports = free_ports(cluster.PORTS_OF_ONE * brokers)
    jars = Installation.model_fields["data"].default / "kafka"
    children = await asyncio.to_thread(
        cluster.brokers, folder, ports, jars_in=jars, secrets=secrets
    )
    try:
        for child in children:
            await child.spawn()
        await asyncio.gather(*(child.until_ready() for child in children))
        yield ",".join(cluster.addresses(ports)), children
    finally:
        for child in children:
            child.kill()
        await asyncio.sleep(0)
