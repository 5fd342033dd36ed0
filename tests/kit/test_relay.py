"""What is told has its place, one relay for each slice, and a broker that forgot is told again."""

import asyncio
from collections import defaultdict
from math import ceil
from unittest.mock import AsyncMock

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from kit.ids import new_id
from kit.journal import SLICES, Fenced, Journal, headers, slice_of
from kit.leases import Leases
from kit.record import HEARTBEAT, Record
from kit.relay import Relay, ask_replay
from kit.service import Service
from kit.tasks import ended
from tests.counters import Counter, a_row, count
from tests.kit.conftest import Hanging, keeping

ALL = dict.fromkeys(range(SLICES), 0)


@pytest.fixture
async def journal(service: Service) -> Journal:
    await service.prepare()
    return service.journal


class TestPosition:
    async def test_gives_each_slice_positions_without_a_gap(self, journal: Journal):
        await journal.rows.insert_many([a_row(f"c{n % 30}", n, clock=n) for n in range(300)])
        rows = await journal.position(ALL, 200) + await journal.position(ALL, 200)

        of = defaultdict(list)
        for row in rows:
            of[row["slice"]].append(row["position"])
        assert all(positions == [*range(1, len(positions) + 1)] for positions in of.values())
        assert len(rows) == 300
        assert await journal.position(ALL, 10) == []

    async def test_follows_the_clock_of_each_entity(self, journal: Journal):
        rows = [a_row("a", n, clock=clock) for n, clock in ((3, 30), (1, 10), (2, 20))]
        await journal.rows.insert_many(rows)

        assert [row["clock"] for row in await journal.position(ALL, 10)] == [10, 20, 30]

    async def test_is_kept(self, journal: Journal):
        await journal.rows.insert_many([a_row("a", n, clock=n) for n in range(5)])
        given = await journal.position(ALL, 10)

        kept = await journal.published(slice_of("a"), after=0, most=10)
        assert [row["position"] for row in kept] == [row["position"] for row in given]
        assert [
            row["position"] for row in await journal.published(slice_of("a"), after=3, most=9)
        ] == [4, 5]

    async def test_is_not_given_by_who_lost_the_lease(self, journal: Journal):
        await journal.rows.insert_one(a_row("a", 1))

        with pytest.raises(Fenced):
            await journal.position(dict.fromkeys(range(SLICES), 7), 10)
        assert await journal.has_waiting([*ALL])

    async def test_is_given_once_by_two_at_once(self, journal: Journal):
        await journal.rows.insert_many([a_row(f"c{n}", n, clock=n) for n in range(100)])
        both = [journal.position(ALL, 100) for _ in range(2)]
        outcomes = await asyncio.gather(*both, return_exceptions=True)

        rows = [row for rows in outcomes if isinstance(rows, list) for row in rows]
        assert len({row["_id"] for row in rows}) == len(rows) == 100


class TestLeases:
    async def test_shares_the_slices_among_those_alive(self, service: Service):
        await service.prepare()
        await service.leases.prepare()
        first, second = (Leases(service.mongo, seconds=0.6) for _ in range(2))

        assert sorted(await first.held()) == [*ALL]
        assert await second.held() == {}
        for _ in range(3):
            await asyncio.sleep(0.25)
            one, other = await first.held(), await second.held()
        assert sorted([*one, *other]) == [*ALL]
        assert len(one) == len(other)

        await asyncio.sleep(0.7)  # the first has died
        await second.held()
        await asyncio.sleep(0.25)
        assert sorted(await second.held()) == [*ALL]

    async def test_raises_the_epoch_when_a_slice_changes_hands(self, service: Service):
        await service.prepare()
        first, second = (Leases(service.mongo, seconds=0.4) for _ in range(2))
        before = await first.held()
        await asyncio.sleep(0.5)
        after = await second.held()

        assert all(after[slice] == before[slice] + 1 for slice in after)
        assert after

    async def test_are_taken_at_once_from_a_former_life(self, service: Service):
        """Killed and started again: nobody else is to hold them, and nobody has to wait."""
        await service.prepare()
        other = Leases(service.mongo)
        before = await Leases(service.mongo, name="one").held()
        assert await other.held() == {}
        assert await Leases(service.mongo, name="two").held() == {}

        life = Leases(service.mongo, name="one")
        after = await life.held()

        assert after == {slice: epoch + 1 for slice, epoch in list(before.items())[: len(after)]}
        assert len(after) == ceil(SLICES / 3)
        assert await service.mongo["relays"].count_documents({"name": "one"}) == 1

    async def test_are_lost_by_the_one_of_two_lives_that_began_first(self, service: Service):
        await service.prepare()
        first = Leases(service.mongo, name="one")
        held = await first.held()
        assert await first.still(held) == held

        assert await Leases(service.mongo, name="one").held()

        assert await first.still(held) == {}


async def make_topic(kafka_url: str, name: str = "") -> str:
    """A service name of its own, with its topic."""
    name = name or "t" + new_id()[-8:]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_url)
    await admin.start()
    await admin.create_topics([NewTopic(f"{name}.events", SLICES, 1)])
    await admin.close()
    return name


async def told(kafka_url: str, name: str, enough) -> list[Record]:
    consumer = AIOKafkaConsumer(
        f"{name}.events", bootstrap_servers=kafka_url, auto_offset_reset="earliest"
    )
    records: list[Record] = []
    async with consumer, asyncio.timeout(20):
        while not enough(records):
            for some in (await consumer.getmany(timeout_ms=200)).values():
                records += map(Record.of, some)
    return records


def events(records: list[Record]) -> list[Record]:
    return [one for one in records if one.type != HEARTBEAT]


def placed(records: list[Record]) -> list[Record]:
    return [one for one in records if one.position is not None]


@pytest.fixture
async def producer(kafka_url: str):
    async with AIOKafkaProducer(bootstrap_servers=kafka_url) as producer:
        yield producer


@pytest.fixture
async def relay(service: Service, kafka_url: str):
    """A relay that publishes what the trial service tells, under a topic of its own."""
    name = await make_topic(kafka_url)
    relay = Relay(
        name,
        service.journal,
        service.leases,
        kafka_url,
        idempotent=service.settings.kafka_idempotence,
        heartbeat=0.2,
    )
    service.committer._told = relay.wake
    counters = service.collection("counters", Counter)
    relay.counters = counters
    async with keeping(service):
        task = asyncio.create_task(relay.run())
        yield relay
        await ended([task], again=1)


class TestRelay:
    async def test_tells_all_in_order_with_positions(self, relay, kafka_url: str):
        for _ in range(3):
            await asyncio.gather(
                *(relay.counters.change(f"c{n}", count(f"c{n}")) for n in range(40))
            )
        records = await told(kafka_url, relay._service, lambda some: len(events(some)) >= 120)

        last: dict[str, int] = {}
        for one in events(records):
            assert one.position == last.get(one.slice, 0) + 1
            last[one.slice] = one.position
            assert one.headers["ce_subject"] == one.key
        assert sum(last.values()) == 120

    async def test_beats_on_every_slice(self, relay, kafka_url: str):
        def all_beat(some: list[Record]) -> bool:
            return len({one.slice for one in some if one.type == HEARTBEAT}) == SLICES

        await told(kafka_url, relay._service, all_beat)

    async def test_tells_again_when_an_operator_asks(self, relay, service, kafka_url: str):
        await relay.counters.change("a", count("a"))
        await told(kafka_url, relay._service, lambda some: len(events(some)) == 1)

        assert await ask_replay(service.mongo) == 1
        records = await told(kafka_url, relay._service, lambda some: len(events(some)) == 2)
        assert len({one.id for one in events(records)}) == 1

    async def test_refills_a_broker_that_lost_its_log(self, relay, service, kafka_url: str):
        for _ in range(5):
            await relay.counters.change("a", count("a"))
        await told(kafka_url, relay._service, lambda some: len(events(some)) == 5)

        relay._topic = (
            f"{await make_topic(kafka_url)}.events"  # an empty log under the same journal
        )
        name = relay._topic.partition(".")[0]
        records = await told(kafka_url, name, lambda some: len(events(some)) >= 5)
        await relay.counters.change("a", count("a"))
        records = await told(kafka_url, name, lambda some: len(events(some)) >= 6)

        assert [one.position for one in events(records)] == [1, 2, 3, 4, 5, 6]

    async def test_refills_a_broker_that_lost_the_end_of_its_log(
        self, relay, service, kafka_url: str, producer
    ):
        """Heartbeats before the loss leave more records there than there are events."""
        slice = f"{relay._service}.events/{slice_of('a')}"
        for _ in range(3):
            await relay.counters.change("a", count("a"))
        await told(
            kafka_url, relay._service, lambda some: [one.slice for one in some].count(slice) >= 7
        )

        name = await make_topic(kafka_url)
        for _ in range(5):
            await producer.send(f"{name}.events", b"{}", partition=slice_of("a"))
        await producer.flush()
        relay._topic = f"{name}.events"
        records = await told(kafka_url, name, lambda some: len(placed(some)) >= 3)
        assert [one.position for one in placed(records)] == [1, 2, 3]

    async def test_does_not_vouch_for_a_slice_that_another_may_have_taken(
        self, relay, service, monkeypatch
    ):
        """Paused while it looked: rows that wait no longer may be the other's, and unpublished."""
        waiting, beats = service.journal.has_waiting, []

        async def overtaken(slices):
            found = await waiting(slices)
            await service.mongo["slices"].update_many({}, {"$inc": {"epoch": 1}})
            return found

        monkeypatch.setattr(service.journal, "has_waiting", overtaken)
        beat = AsyncMock(side_effect=lambda _, held, __: beats.append(held))
        monkeypatch.setattr(relay, "_beat", beat)
        await asyncio.sleep(1.5)

        assert beats
        assert not any(beats)

    async def test_leaves_a_broker_that_hangs(
        self, service: Service, hanging: Hanging, monkeypatch
    ):
        monkeypatch.setattr("kit.relay.PATIENCE", 1)
        relay = Relay("trial", service.journal, service.leases, hanging.address)
        task = asyncio.create_task(relay.run())
        try:
            assert await hanging.given_up() < 3
        finally:
            await ended([task], again=1)

    async def test_sends_again_what_was_not_acknowledged(self, relay, service, kafka_url: str):
        await relay.counters.change("a", count("a"))
        await told(kafka_url, relay._service, lambda some: len(events(some)) == 1)
        place = {"_id": slice_of("a")}
        await service.mongo["slices"].update_one(place, {"$set": {"acked": 0}})

        other = Relay(
            relay._service,
            service.journal,
            Leases(service.mongo),
            kafka_url,
            idempotent=service.settings.kafka_idempotence,
        )
        await service.mongo["slices"].update_many({}, {"$set": {"owner": "", "until": None}})
        task = asyncio.create_task(other.run())  # as after a crash between producing and noting it
        records = await told(kafka_url, relay._service, lambda some: len(events(some)) >= 2)
        await ended([task], again=1)

        assert {one.position for one in events(records)} == {1}


class TestHeaders:
    def test_are_those_of_a_cloud_event(self):
        given = dict(headers(a_row("a", 1) | {"position": 7}))

        assert given["ce_specversion"] == b"1.0"
        assert given["ce_type"] == b"trial.counted.v1"
        assert given["ce_subject"] == b"a"
        assert given["ce_position"] == b"7"
