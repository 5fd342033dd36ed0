"""Entities that wait for their moment, and work that outlives whoever does it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import AsyncMock, Mock

import pytest

from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.service import Service
from kit.tasks import ended
from kit.workers import WAKE, Timer, Worker, due_by
from tests.counters import Counter

LEASE = timedelta(seconds=0.3)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.workers.log", Mock())


def due(id: str, at: datetime, **but):
    return lambda _: Change(Counter(id=id, wake_at=at, **but))


def claim(current: Counter | None, at: datetime) -> Change[Counter]:
    """Counts the attempt in ``n`` and leases it."""
    if current is None or current.wake_at is None or current.wake_at > at:
        return Change(current)
    return Change(replace(current, n=current.n + 1, wake_at=at + LEASE))


def done(current: Counter | None) -> Change[Counter]:
    assert current
    return Change(replace(current, note="done", wake_at=None))


@asynccontextmanager
async def running(service: Service, *jobs) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job.run(service.committer)) for job in jobs]
    try:
        yield
    finally:
        await ended(tasks, again=2)


async def until(counters: Collection[Counter], id: str, **wanted) -> Counter:
    async with asyncio.timeout(10):
        while True:
            found = await counters.find(id)
            if found and all(getattr(found, name) == value for name, value in wanted.items()):
                return found
            await asyncio.sleep(0.02)


class TestTimer:
    async def test_wakes_what_is_due_at_once_and_the_rest_in_its_time(self, service, counters):
        timer = Timer(counters, wake=lambda one: counters.ask(one.id, done), every=0.1)
        async with running(service, timer):
            began = now()
            await counters.change("a", due("a", began))
            await counters.change("b", due("b", began + timedelta(seconds=0.6)))
            await until(counters, "a", note="done")
            assert (await counters.get("b")).note == ""
            await until(counters, "b", note="done")
            assert now() - began >= timedelta(seconds=0.6)

    async def test_wakes_each_in_its_moment_however_seldom_it_looks(self, service, counters):
        timer = Timer(counters, wake=lambda one: counters.ask(one.id, done), every=30)
        soon = now() + timedelta(seconds=2)
        await counters.documents.insert_one(
            {"_id": "old", "version": 1, "clock": 1, "wake_at": soon}
        )
        async with running(service, timer):
            await asyncio.sleep(0.1)
            await counters.change("new", due("new", now() + timedelta(seconds=0.1)))
            assert (await until(counters, "new", note="done")).id == "new"
            assert now() < soon
            await until(counters, "old", note="done")
            assert soon <= now() < soon + timedelta(seconds=5)

    async def test_goes_on_when_one_cannot_be_woken(self, service, counters):
        def wake(one: Counter):
            if one.id == "bad":
                return counters.ask(one.id, lambda _: 1 / 0)
            return counters.ask(one.id, done)

        await counters.change("bad", due("bad", now()))
        async with running(service, Timer(counters, wake=wake, every=0.1)):
            await counters.change("good", due("good", now()))
            await until(counters, "good", note="done")

    async def test_goes_on_when_one_cannot_even_be_asked_for(self, service, counters):
        def wake(one: Counter):
            return counters.ask(one.id, done) if one.id != "bad" else 1 / 0

        await counters.change("bad", due("bad", now()))
        await counters.change("good", due("good", now()))
        timer = asyncio.create_task(Timer(counters, wake=wake, every=0.1).run(service.committer))
        await until(counters, "good", note="done")
        assert not timer.done()
        timer.cancel()

    async def test_leaves_room_for_others_however_many_cannot_be_woken(self, service, counters):
        def wake(one: Counter):
            return counters.ask(one.id, done if one.id == "good" else lambda _: 1 / 0)

        for n in range(6):
            await counters.change(f"bad{n}", due(f"bad{n}", now()))
        await counters.change("good", due("good", now()))
        async with running(service, Timer(counters, wake=wake, every=0.1, most=3)):
            await until(counters, "good", note="done")

    @pytest.mark.parametrize("steps", range(6))
    async def test_ends_though_its_bell_rings_at_that_moment(
        self, service, counters, steps, monkeypatch
    ):
        monkeypatch.setattr(counters, "followed", AsyncMock(return_value=[]))
        monkeypatch.setattr("kit.workers._Due._next_one", AsyncMock(return_value=[]))
        timer = Timer(counters, wake=lambda one: counters.ask(one.id, done), every=30)
        task = asyncio.create_task(timer.run(service.committer))
        await asyncio.sleep(0.01)
        service.committer._wakers["counters"](now())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()

        over, _ = await asyncio.wait([task], timeout=1)
        task.cancel()
        assert over


class TestWorker:
    async def test_ends_what_it_began_when_the_service_ends(self, service, counters):
        """Cut off between the work and its record, the work would be done twice."""
        did: list[str] = []

        async def work(one: Counter) -> None:
            did.append(one.id)
            await asyncio.sleep(0.2)
            await counters.change(one.id, done)

        await counters.change("a", due("a", now()))
        async with running(service, Worker(counters, claim=claim, work=work, every=0.1)):
            while not did:  # noqa: ASYNC110  # another task does it
                await asyncio.sleep(0.01)

        assert (await counters.get("a")).note == "done"

    async def test_leaves_room_for_others_however_many_cannot_be_claimed(self, service, counters):
        def refuse(current: Counter | None, at: datetime) -> Change[Counter]:
            return claim(current, at) if current and current.id == "good" else 1 / 0

        async def work(one: Counter) -> None:
            await counters.change(one.id, done)

        for n in range(9):
            await counters.change(f"bad{n}", due(f"bad{n}", now()))
        await counters.change("good", due("good", now()))
        worker = Worker(counters, claim=refuse, work=work, at_once=1, every=0.1)
        async with running(service, worker):
            await until(counters, "good", note="done")

    async def test_does_all_of_one_lane_before_the_next(self, service, counters):
        did: list[str] = []

        async def work(one: Counter) -> None:
            did.append(one.id)
            await counters.change(one.id, done)

        for id in ("bulk1", "bulk2", "bulk3"):
            await counters.change(id, due(id, now()))
        await counters.change("urgent", due("urgent", now(), note="urgent"))
        lanes = ({"note": "urgent"}, {})
        async with running(
            service, Worker(counters, claim=claim, work=work, at_once=1, lanes=lanes)
        ):
            for id in ("bulk1", "bulk2", "bulk3", "urgent"):
                await until(counters, id, note="done")

        assert did[0] == "urgent"
        assert len(did) == 4

    async def test_does_each_thing_once_though_two_compete(self, service, counters):
        did: list[str] = []

        async def work(one: Counter) -> None:
            did.append(one.id)
            await asyncio.sleep(0.02)
            await counters.change(one.id, done)

        workers = [Worker(counters, claim=claim, work=work, every=0.1) for _ in range(2)]
        async with running(service, *workers):
            for n in range(30):
                await counters.change(f"c{n}", due(f"c{n}", now()))
            for n in range(30):
                await until(counters, f"c{n}", note="done")

        assert sorted(did) == sorted(f"c{n}" for n in range(30))

    async def test_is_followed_by_another_when_it_dies_at_work(
        self, service, counters, monkeypatch
    ):
        monkeypatch.setattr("kit.workers.GRACE", 0.1)

        async def die(one: Counter) -> None:
            await asyncio.sleep(3600)

        async def work(one: Counter) -> None:
            await counters.change(one.id, done)

        await counters.change("a", due("a", now()))
        async with running(service, Worker(counters, claim=claim, work=die, every=0.1)):
            await until(counters, "a", n=1)
        async with running(service, Worker(counters, claim=claim, work=work, every=0.1)):
            assert (await until(counters, "a", note="done")).n == 2

    async def test_is_not_held_up_by_one_that_hangs(self, service, counters, monkeypatch):
        monkeypatch.setattr("kit.workers.GRACE", 0.1)

        async def work(one: Counter) -> None:
            if one.id == "slow":
                await asyncio.sleep(3600)
            await counters.change(one.id, done)

        async with running(service, Worker(counters, claim=claim, work=work, at_once=2, every=0.1)):
            await counters.change("slow", due("slow", now()))
            for n in range(6):
                await counters.change(f"c{n}", due(f"c{n}", now()))
            for n in range(6):
                await until(counters, f"c{n}", note="done")

    async def test_tries_again_what_failed(self, service, counters):
        fails = [OSError(), OSError()]

        async def work(one: Counter) -> None:
            if fails:
                raise fails.pop()
            await counters.change(one.id, done)

        await counters.change("a", due("a", now()))
        async with running(service, Worker(counters, claim=claim, work=work, every=0.05)):
            assert (await until(counters, "a", note="done")).n == 3


class TestDueBy:
    async def test_is_found_without_looking_at_what_is_not_due(self, service: Service, counters):
        await counters.documents.create_indexes([WAKE])
        for n in range(100):
            await counters.change(f"c{n}", due(f"c{n}", None if n > 2 else now()))
        found = counters.documents.find(due_by(now()) | {"_id": {"$nin": []}}).sort("wake_at", 1)
        plan = json.dumps((await found.limit(9).explain())["executionStats"], default=str)

        assert '"nReturned": 3' in plan
        assert '"totalDocsExamined": 3,' in plan
