"""The database and the broker that the tests use: in Docker where an engine answers, embedded otherwise."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from deploy import topics
from deploy.embedded.broker import broker
from deploy.embedded.child import Child
from deploy.embedded.mongod import mongod, url


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@cache
def docker() -> bool:
    """Whether a Docker engine answers: its client alone is not enough."""
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    return asked.returncode == 0


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
    port = free_port()
    child = await _started(mongod(folder, port))
    try:
        yield url(port)
    finally:
        await child.stop()


@asynccontextmanager
async def kafka(folder: Path) -> AsyncIterator[str]:
    if docker():
        from testcontainers.community.kafka import KafkaContainer

        with KafkaContainer("confluentinc/cp-kafka:7.8.0").with_kraft() as container:
            address = container.get_bootstrap_server()
            await topics.make(address)
            yield address
        return
    port = free_port()
    child = await _started(broker(folder, port))
    try:
        yield f"127.0.0.1:{port}"
    finally:
        child.kill()
        await asyncio.sleep(0)
