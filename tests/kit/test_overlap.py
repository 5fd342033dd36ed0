"""Batches that are decided while the one before them is being written."""

import asyncio
import random
from dataclasses import replace

import pytest
from pymongo.errors import AutoReconnect

from kit import committer
from kit.bus import Bus, Subscriptions
from kit.change import Change
from kit.collection import Collection
from kit.service import Service
from kit.store import Lost
from tests.counters import Counted, Counter, Told, count
from tests.kit.conftest import keeping


@pytest.fixture
async def eager(counters: Collection[Counter], monkeypatch: pytest.MonkeyPatch):
    """Counters whose committer decides the next batch as soon as anything waits."""
    monkeypatch.setattr(committer, "AHEAD", 1)
    return counters


@pytest.fixture
def gate(service: Service, monkeypatch: pytest.MonkeyPatch):
    """Holds transactions back until it is opened; what is put into ``fails`` is raised instead."""
    transaction = service.mongo.transaction
    gate = asyncio.Event()
    gate.fails = []

    async def gated(write):
        await gate.wait()
        if gate.fails:
            raise gate.fails.pop(0)
        return await transaction(write)

    monkeypatch.setattr(service.mongo, "transaction", gated)
    return gate


def watched(id: str, seen: list[int]):
    def decide(current: Counter | None):
        seen.append(current.n if current else 0)
        return count(id)(current)

    return decide


async def begun(seen: list[int], times: int) -> None:
    async with asyncio.timeout(5):
        while len(seen) < times:  # noqa: ASYNC110  # decisions know no event loop
            await asyncio.sleep(0.001)


class TestRun:
    async def test_decides_on_what_the_batch_before_will_leave(self, eager, gate):
        seen = []
        first = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 1)
        second = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 2)
        assert not first.done()

        gate.set()

        assert [(await first).n, (await second).n] == [1, 2]
        assert seen == [0, 1]  # nothing was decided a second time

    async def test_tells_nobody_of_a_batch_before_the_one_it_rests_on_is_kept(self, eager, gate):
        seen = []
        first = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 1)
        refused = asyncio.create_task(eager.change("a", count("a", most=1)))
        await asyncio.sleep(0.1)
        assert not refused.done()

        gate.set()

        assert (await first).n == 1
        assert isinstance((await asyncio.gather(refused, return_exceptions=True))[0], Exception)

    async def test_decides_anew_when_the_batch_before_was_kept_in_another_way(
        self, service, eager, gate
    ):
        gate.fails = [Lost()]
        seen = []
        first = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 1)
        second = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 2)
        await service.mongo["counters"].insert_one({"_id": "a", "version": 7, "n": 40, "clock": 1})

        gate.set()

        assert [(await first).n, (await second).n] == [41, 42]

    async def test_refuses_nobody_for_what_was_never_kept(self, eager, gate):
        unwritable = asyncio.create_task(
            eager.change("a", lambda _: Change(Counter(id="a", n=2**70)))
        )
        await asyncio.sleep(0.05)
        second = asyncio.create_task(eager.change("a", count("a", most=5)))
        await asyncio.sleep(0.05)

        gate.set()

        assert (await second).n == 1
        with pytest.raises(OverflowError):
            await unwritable

    async def test_does_once_what_was_asked_twice_under_one_name(self, service, eager, gate):
        """The second comes while the first is being written."""
        told, bus = Told(), Bus("trial", _counting(eager), service.committer, service.parking, None)
        event = told("a", 1)
        first = asyncio.create_task(bus.hear([event]))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(bus.hear([event, told("a", 10)]))
        await asyncio.sleep(0.05)

        gate.set()

        assert [await first, await second] == [set(), set()]
        assert (await eager.get("a")).n == 11

    async def test_tells_nobody_what_another_process_has_already_changed(
        self, service, eager, monkeypatch
    ):
        """The batch before is kept, its answer is still out, and somebody went on from there."""
        transaction, kept, answer = service.mongo.transaction, asyncio.Event(), asyncio.Event()

        async def answered_late(write):
            done = await transaction(write)
            kept.set()
            await answer.wait()
            return done

        monkeypatch.setattr(service.mongo, "transaction", answered_late)
        rival = Service("trial", service.settings)
        theirs = rival.collection("counters", Counter)
        async with keeping(rival):
            first = asyncio.create_task(eager.change("a", count("a", by=5)))
            await kept.wait()
            await theirs.change("a", lambda current: Change(replace(current, n=0)))
            second = asyncio.create_task(eager.change("a", count("a", most=5)))
            await asyncio.sleep(0.1)
            answer.set()

            assert (await first).n == 5
            assert (await second).n == 1
        await rival.mongo.close()

    async def test_drops_what_nobody_waits_for_any_more(self, service, eager, gate):
        seen = []
        first = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 1)
        second = asyncio.create_task(eager.change("a", watched("a", seen)))
        await begun(seen, 2)
        second.cancel()
        await asyncio.sleep(0)

        gate.set()
        assert (await first).n == 1
        assert (await eager.change("a", count("a"))).n == 2

    async def test_loses_and_doubles_nothing_among_rivals_and_failures(
        self, service: Service, eager, monkeypatch
    ):
        chance = random.Random(20)
        transaction = service.mongo.transaction

        async def shaky(write):
            if chance.random() < 0.2:
                raise chance.choice([Lost(), AutoReconnect()])
            return await transaction(write)

        monkeypatch.setattr(service.mongo, "transaction", shaky)
        monkeypatch.setattr(service.committer, "_most", 7)
        rival = Service("trial", service.settings)
        theirs = rival.collection("counters", Counter)
        async with keeping(rival):
            done = await asyncio.gather(
                *(
                    chance.choice([eager, eager, theirs]).change(id, count(id))
                    for id in chance.choices("abcdef", k=300)
                )
            )
        await rival.mongo.close()

        kept = {one.id: one.n for one in await eager.select({})}
        assert sum(kept.values()) == 300
        for id, n in kept.items():
            assert sorted(one.n for one in done if one.id == id) == [*range(1, n + 1)]


def _counting(counters: Collection[Counter]) -> Subscriptions:
    on = Subscriptions()

    @on(Counted)
    def add(event: Counted):
        return counters.ask(event.counter, count(event.counter, by=event.n))

    return on
