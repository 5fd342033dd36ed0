"""Hearing from a real broker: nothing a stranger writes there stops the consumer."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from kit.bus import Subscriptions, _dead
from kit.journal import headers
from kit.service import Service
from kit.settings import Settings
from kit.tasks import ended
from tests import stack
from tests.conftest import settings_for
from tests.counters import Counted, Counter, a_row, count
from tests.kit.conftest import Hanging, keeping
from tests.kit.test_relay import make_topic
from tests.ports import free_ports


class Hearer:
    """A service that counts what it is told on a topic of its own."""

    def __init__(self, service: Service, topic: str) -> None:
        self.service, self.topic = service, topic
        self.counters = service.collection("counters", Counter)
        on = Subscriptions()

        @on(Counted)
        def hear(event: Counted):
            return self.counters.ask(event.counter, count(event.counter, event.n))

        service.app(hears=on)

    async def until(self, n: int) -> None:
        async with asyncio.timeout(20):
            while (found := await self.counters.find("a")) is None or found.n < n:  # noqa: ASYNC110  # it is kept elsewhere
                await asyncio.sleep(0.02)


@pytest.fixture
async def hearer(mongo_url: str, kafka_url: str, monkeypatch) -> AsyncIterator[Hearer]:
    name = await make_topic(kafka_url)
    monkeypatch.setattr(Counted, "topic", classmethod(lambda _: f"{name}.events"))
    # A list of brokers, of which the first is away.
    brokers = f"127.0.0.1:{free_ports(1)[0]},{kafka_url}"
    settings = Settings(**settings_for(mongo_url, kafka=brokers))
    service = Service("trial", settings)
    hearer = Hearer(service, f"{name}.events")
    async with keeping(service):
        await service.listener.run()
        yield hearer
        await service.broker.stop()
    await service.mongo.drop()
    await service.mongo.close()


NAMESAKE = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

async def hear(kafka, group, topic, session, member=None):
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, group_id=group, group_instance_id=member,
        session_timeout_ms=int(session), heartbeat_interval_ms=int(session) // 3,
        partition_assignment_strategy=(StickyPartitionAssignor,),
    )
    await consumer.start()
    print("here", flush=True)
    await asyncio.sleep(60)

asyncio.run(hear(*sys.argv[1:]))
"""


async def namesake(settings: Settings, topics: set[str]) -> int:
    """A process that hears what this service is about to hear, as another life of it."""
    session = str(int(settings.kafka_session * 1000))
    told = [settings.kafka, settings.database_prefix + "trial", *topics, session]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", NAMESAKE, *told, *filter(None, [settings.member])),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"here\n"
    return process.pid


def named(member: str, mongo_url: str, kafka_url: str, **but: Any) -> Service:
    """A service that counts, under this name in its group."""
    said = settings_for(mongo_url, kafka=kafka_url) | {"kafka_member": member} | but
    settings = Settings(**said)
    service = Service("trial", settings)
    Hearer(service, Counted.topic())
    return service


async def joined(service: Service) -> float:
    """Begin to hear; the seconds until it has its slices."""
    began = time.monotonic()
    await service.listener.run()
    async with asyncio.timeout(20):
        while not service.listener.assigned:  # noqa: ASYNC110  # by another task
            await asyncio.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
async def producer(kafka_url: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=kafka_url) as producer:
        yield producer


def good(position: int, n: int) -> dict[str, object]:
    row = a_row("a", n) | {"position": position}
    return {"key": b"a", "value": row["data"], "headers": headers(row), "partition": row["slice"]}


HOSTILE = {
    "null header": {"value": b"{}", "headers": [("ce_type", None)]},
    "header that is no text": {"value": b"{}", "headers": [("ce_type", b"\xff\xfe")]},
    "null value": {"key": b"a", "value": None, "headers": [("ce_type", b"trial.counted.v1")]},
    "key that is no text": {"key": b"\xff", "value": b"x", "headers": []},
    "position that is no number": {
        "value": b"{}",
        "headers": [("ce_type", b"trial.counted.v1"), ("ce_position", b"-1")],
    },
    "huge position": {
        "value": b"{}",
        "headers": [("ce_type", b"trial.counted.v1"), ("ce_position", b"9" * 400)],
    },
    "heartbeat of nothing": {"value": b"[]", "headers": [("ce_type", b"kit.heartbeat.v1")]},
    "heartbeat without end": {
        "value": b"[" * 100_000,
        "headers": [("ce_type", b"kit.heartbeat.v1")],
    },
    "header of no name": {
        "value": b"{}",
        "headers": [("ce_type", b"trial.counted.v1"), ("\0", b"x"), ("$a.b", b"y"), ("", b"z")],
    },
    "unknown type": {"value": b"{}", "headers": [("ce_type", b"trial.unheard-of.v9")]},
}


class TestListener:
    async def test_goes_on_whatever_a_stranger_writes(self, hearer: Hearer, producer):
        partition = good(1, 1)["partition"]
        for hostile in HOSTILE.values():
            await producer.send(hearer.topic, **{"partition": partition} | hostile)
        await producer.send(hearer.topic, **good(1, 5))
        for hostile in HOSTILE.values():
            await producer.send(hearer.topic, **{"partition": partition} | hostile)
        await producer.send(hearer.topic, **good(2, 6))
        await producer.flush()

        await hearer.until(11)
        parked = await hearer.service.parking.list("", 100)
        assert {one["error"]["type"] for one in parked} == {"NoPosition"}

    async def test_begins_where_it_stopped_though_offsets_are_lost(self, hearer: Hearer, producer):
        for position in (1, 2, 3):
            await producer.send_and_wait(hearer.topic, **good(position, position))
        await hearer.until(6)
        [(place, _)] = [(p, o) for p, o in (await self.ends(hearer)).items() if o]

        await hearer.service.listener._subscriber.consumer.seek_to_beginning(place)
        await producer.send_and_wait(hearer.topic, **good(4, 4))
        await hearer.until(10)
        assert (await hearer.counters.get("a")).n == 10

    async def test_reads_a_slice_again_when_something_is_missing(self, hearer: Hearer, producer):
        """An event arrived too late, after one that follows it: both are heard, in order."""
        await producer.send_and_wait(hearer.topic, **good(2, 10))
        await producer.send_and_wait(hearer.topic, **good(1, 1))

        await hearer.until(11)

    async def test_has_a_consumer_whose_death_shows(self, hearer: Hearer):
        """The watchdog looks at private parts of aiokafka: they are where it looks."""
        [subscriber] = hearer.service.broker.subscribers
        assert not _dead(subscriber)

        task = subscriber.consumer._coordinator._coordination_task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert _dead(subscriber)

    async def test_leaves_a_broker_that_hangs_soon_after_a_session(
        self, mongo_url: str, hanging: Hanging
    ):
        known = settings_for(mongo_url, kafka=hanging.address) | {"kafka_session": 1}
        service = Service("trial", Settings(**known))
        Hearer(service, "trial.events")
        starting = asyncio.create_task(service.listener.run())
        try:
            left_after = await hanging.given_up()
        finally:
            await ended([starting], again=1)
            await service.broker.stop()
            await service.mongo.close()
        # Longer than a group may take to form: it is joined by one request.
        [subscriber] = service.broker.subscribers
        formed = subscriber._connection_args["rebalance_timeout_ms"] / 1000
        assert formed < left_after < 5

    async def test_begins_once_kafka_is_there(self, hearer: Hearer, producer):
        """A start that failed half-way is ended before the next."""
        listener, begun = hearer.service.listener, list[int]()
        [subscriber] = hearer.service.broker.subscribers
        await hearer.service.broker.stop()
        start = subscriber.start

        async def start_at_second() -> None:
            await start()
            begun.append(1)
            if len(begun) == 1:
                raise ConnectionError

        subscriber.start = start_at_second
        await listener.run()
        assert len(begun) == 2
        await producer.send_and_wait(hearer.topic, **good(1, 3))
        await hearer.until(3)

    @pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")
    async def test_hears_a_topic_that_was_gone_for_a_while(
        self, hearer: Hearer, producer, kafka_url: str
    ):
        """As after a loss of all brokers, when consumers come back before the topics do."""
        await producer.send_and_wait(hearer.topic, **good(1, 1))
        await hearer.until(1)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
        await admin.start()
        await admin.delete_topics([hearer.topic])
        async with asyncio.timeout(30):
            while hearer.service.listener.assigned:  # noqa: ASYNC110  # by another task
                await asyncio.sleep(0.1)
        await admin.close()

        await make_topic(kafka_url, hearer.topic.removesuffix(".events"))
        await producer.send_and_wait(hearer.topic, **good(2, 2))
        await hearer.until(3)

    @pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")
    @pytest.mark.parametrize(("member", "at_once"), [("one", True), ("", False)])
    async def test_goes_on_at_once_after_a_kill_under_the_name_it_had(
        self, mongo_url: str, kafka_url: str, member: str, at_once: bool, monkeypatch
    ):
        """Without a name of its own, the group waits for the one that was killed."""
        name = await make_topic(kafka_url)
        monkeypatch.setattr(Counted, "topic", classmethod(lambda _: f"{name}.events"))
        service = named(member, mongo_url, kafka_url)
        killed = await namesake(service.settings, service.topics)
        os.kill(killed, signal.SIGKILL)

        assert (await joined(service) < service.settings.kafka_session / 2) == at_once

        await service.listener.stop()
        await service.mongo.drop()
        await service.mongo.close()

    @pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")
    async def test_leaves_its_slices_to_others_at_once_when_it_stops_in_order(
        self, mongo_url: str, kafka_url: str, monkeypatch
    ):
        name = await make_topic(kafka_url)
        monkeypatch.setattr(Counted, "topic", classmethod(lambda _: f"{name}.events"))
        same = {"database_prefix": f"{name}-"}
        first, second = (named(one, mongo_url, kafka_url, **same) for one in ("one", "two"))
        await joined(first)
        await first.listener.stop()

        assert await joined(second) < second.settings.kafka_session / 2

        await second.listener.stop()
        await second.mongo.drop()
        for service in (first, second):
            await service.mongo.close()

    async def ends(self, hearer: Hearer):
        consumer = hearer.service.listener._subscriber.consumer
        return await consumer.end_offsets(consumer.assignment())
