"""The embedded MongoDB and broker come up, come back, and go."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pymongo import AsyncMongoClient

from deploy import topics
from deploy.embedded import broker, mongod
from deploy.embedded.child import Child
from deploy.trouble import Trouble
from kit.settings import Connections
from tests.ports import free_ports


@asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    try:
        await child.spawn()
        await child.until_ready()
        yield child
    finally:
        await child.stop()


async def insert(port: int) -> int:
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(mongod.url(port))
    async with client, client.start_session() as session:
        async with await session.start_transaction():
            await client.trial.things.insert_one({}, session=session)
        return await client.trial.things.count_documents({})


class TestMongod:
    async def test_is_a_primary_whose_data_survives_and_whose_port_may_change(
        self, tmp_path: Path
    ) -> None:
        first, second = free_ports(2)
        async with running(mongod.mongod(tmp_path, first)):
            assert await insert(first) == 1
        async with running(mongod.mongod(tmp_path, second)):
            assert await insert(second) == 2

    async def test_waits_for_another_one_on_the_same_data(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        [port] = free_ports(1)
        monkeypatch.setattr(mongod, "LOCK_PATIENCE", 0.1)
        async with running(mongod.mongod(tmp_path, port)) as child:
            with pytest.raises(Trouble, match=str(child.pid)):
                await mongod.until_released(tmp_path)
        await mongod.until_released(tmp_path)

    async def test_a_lock_left_by_a_kill_is_stale(self, tmp_path: Path) -> None:
        [port] = free_ports(1)
        async with running(mongod.mongod(tmp_path, port)) as child:
            child.kill()
            await asyncio.sleep(0.2)
        await mongod.until_released(tmp_path)
        async with running(mongod.mongod(tmp_path, port)):
            assert await insert(port) == 1


class TestBroker:
    async def test_has_our_topics_again_after_it_died(self, tmp_path: Path) -> None:
        [port] = free_ports(1)
        async with running(broker.broker(tmp_path, port)) as child:
            keeping = asyncio.create_task(child.keep())
            first = child.pid
            assert first
            os.kill(first, signal.SIGKILL)
            wanted = dict.fromkeys(topics.declared().names, topics.declared().partitions)
            for _ in range(200):
                if child.pid != first and await partitions(port) == wanted:
                    break
                await asyncio.sleep(0.1)
            assert await partitions(port) == wanted
            keeping.cancel()

    async def test_tells_when_a_topic_is_not_as_asked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        [port] = free_ports(1)
        async with running(broker.broker(tmp_path, port)):
            other = replace(topics.declared(), partitions=3)
            monkeypatch.setattr(topics, "declared", lambda: other)
            with pytest.raises(Trouble, match="has 16 partitions, not 3"):
                await topics.make(Connections(kafka=f"127.0.0.1:{port}"), brokers=1)


async def partitions(port: int) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
    try:
        await admin.start()
        there = await admin.list_topics()
        told = await admin.describe_topics(list(there)) if there else []
        return {one["topic"]: len(one["partitions"]) for one in told}
    except Exception:
        return {}
    finally:
        await admin.close()


class TestChild:
    async def test_says_which_part_does_not_start_and_where_to_look(self, tmp_path: Path) -> None:
        child = Child("x", ["false"], log_file=tmp_path / "x.log", ready=asyncio.Event().wait)
        with pytest.raises(Trouble, match=r"x ended with 1: see .*x\.log"):
            async with running(child):
                pass

    async def test_ends_one_that_does_not_listen(self, tmp_path: Path) -> None:
        deaf = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]
        child = Child("deaf", deaf, log_file=tmp_path / "deaf.log", ready=asyncio.Event().wait)
        await child.spawn()
        await asyncio.sleep(0.5)  # for it to stop its ears
        await child.stop(patience=0.2)
        assert child.pid
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)
