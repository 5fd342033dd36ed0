"""What happens to the events that are heard, and to those that cannot be."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from kit import heard, parking
from kit.bus import Subscriptions, _both
from kit.change import Change
from kit.clock import now
from kit.collection import Ask
from kit.journal import SLICES
from kit.mongo import InsertOne
from kit.parking import NeverDiscarded
from kit.problems import Unavailable
from kit.record import HEARTBEAT, Record
from kit.service import Service
from tests.counters import Counted, Counter, Told, TooMuch, count
from tests.kit.conftest import keeping


class Trial:
    """A service that hears; each test says what it does on hearing."""

    def __init__(self, service: Service, *, guarded: bool = False) -> None:
        self.service, self.counters = service, service.collection("counters", Counter)
        self.handle = self.add
        self.heard: list[tuple[str, int]] = []
        self.told = Told()
        on = Subscriptions()

        @on(Counted, otherwise=self.mark if guarded else None)
        def hear(event: Counted) -> Ask | None:
            self.heard.append((event.counter, event.n))
            return self.handle(event)

        service.app(hears=on)
        self.bus, self.parking = service.bus, service.parking

    def add(self, event: Counted) -> Ask | None:
        return self.counters.ask(event.counter, count(event.counter, event.n))

    def mark(self, key: str) -> Ask:
        return self.counters.ask(key, lambda now: Change(replace(now or Counter(id=key), note="?")))

    async def counted(self) -> dict[str, int]:
        return {one.id: one.n for one in await self.counters.select({})}

    async def parked(self) -> list[tuple[str, str]]:
        rows = await self.parking.rows.find().sort("order", 1).to_list(None)
        return [(one["record"]["key"], one["error"]["type"]) for one in rows]

    async def positions(self) -> dict[str, int]:
        return await self.service.heard.positions()


@pytest.fixture
async def trial(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parking, "DELAYS", [timedelta(0)] * 2)
    trial = Trial(service)
    async with keeping(service):
        yield trial


@pytest.fixture
async def guarded(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parking, "DELAYS", [timedelta(0)] * 2)
    trial = Trial(service, guarded=True)
    async with keeping(service):
        yield trial


class TestHear:
    async def test_hears_once_what_comes_twice(self, trial: Trial):
        batch = [trial.told("a", 1), trial.told("a", 10), trial.told("b", 100)]

        await trial.bus.hear(batch + batch)
        await trial.bus.hear(batch)

        assert await trial.counted() == {"a": 11, "b": 100}

    async def test_hears_each_key_in_order(self, trial: Trial):
        await trial.bus.hear([trial.told(key, n) for n in range(20) for key in "ab"])

        assert [n for key, n in trial.heard if key == "a"] == [*range(20)]

    async def test_keeps_the_position_with_the_effects(self, trial: Trial):
        events = [trial.told("a", 1), trial.told("a", 1)]
        await trial.bus.hear(events)

        assert await trial.positions() == {events[0].slice: 2}

    async def test_marks_as_heard_what_leads_to_nothing(self, trial: Trial):
        trial.handle = lambda _: None
        event = trial.told("a", 1)
        await trial.bus.hear([event])

        assert await trial.positions() == {event.slice: 1}

    async def test_skips_what_it_did_not_ask_for(self, trial: Trial):
        unknown = trial.told("a", 1, ce_type="trial.forgotten.v1")
        await trial.bus.hear([unknown, trial.told("a", 2)])

        assert await trial.parked() == []
        assert await trial.counted() == {"a": 2}

    async def test_stops_a_slice_in_which_something_is_missing_and_no_other(self, trial: Trial):
        first, second, third = (trial.told("a", n) for n in (1, 10, 100))
        gaps = await trial.bus.hear([first, third, trial.told("b", 5)])

        assert gaps == {third.slice}
        assert await trial.counted() == {"a": 1, "b": 5}

        assert await trial.bus.hear([second, third]) == set()
        assert await trial.counted() == {"a": 111, "b": 5}

    async def test_leaves_a_position_that_another_process_has_heard(self, service, trial: Trial):
        rival = Service("trial", service.settings)
        theirs = Trial(rival)
        events = [trial.told("a", 1) for _ in range(50)]
        async with keeping(rival):
            await trial.bus.hear(events[:20])
            await theirs.bus.hear(events)
            await trial.bus.hear(events)
        await rival.mongo.close()

        assert await trial.counted() == {"a": 50}

    async def test_decides_on_no_older_state_than_it_believes_to_have_heard(self, service, trial):
        """Two processes hear a slice at once, as while it changes hands."""
        trial.handle = lambda e: trial.counters.ask(
            e.counter,
            # What nobody began cannot be ended: a stale state would make this lead to nothing.
            lambda now: count(e.counter, e.n)(now) if now or e.n == 1 else Change(None),
        )
        rival = Service("trial", service.settings)
        theirs = Trial(rival)
        first, second = trial.told("a", 1), trial.told("a", 10)
        heard = service.store._heard

        async def late(slices):
            await asyncio.sleep(0.05)  # whatever else is read is read by now
            await theirs.bus.hear([first])
            return await heard(slices)

        service.store._heard = late
        async with keeping(rival):
            await trial.bus.hear([first, second])
        await rival.mongo.close()

        assert await trial.counted() == {"a": 11}


def beat(slice: str, position: int, as_of: str) -> Record:
    topic, _, partition = slice.rpartition("/")
    said = json.dumps({"as_of": as_of, "position": position}).encode()
    return Record(topic, int(partition), 0, "", {"ce_type": HEARTBEAT}, said)


class TestBeat:
    async def fresh(self, trial: Trial) -> dict[str, datetime]:
        return trial.service.heard._fresh

    async def test_says_how_fresh_what_is_known_is(self, trial: Trial):
        event, at = trial.told("a", 1), now()
        await trial.bus.hear([event, beat(event.slice, 1, at.isoformat())])

        assert await self.fresh(trial) == {event.slice: at}

    async def test_says_nothing_while_an_event_before_it_is_missing(self, trial: Trial):
        first, second = trial.told("a", 1), trial.told("a", 10)
        late = beat(first.slice, 2, now().isoformat())

        assert await trial.bus.hear([second]) == {first.slice}
        assert await trial.bus.hear([late]) == {first.slice}
        assert await self.fresh(trial) == {}

        assert await trial.bus.hear([first, second, late]) == set()
        assert await self.fresh(trial) != {}

    async def test_is_not_believed_from_a_teller_that_has_forgotten_what_it_told(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ):
        event = trial.told("a", 1)
        await trial.bus.hear([event, trial.told("a", 2)])

        await trial.bus.hear(
            [beat(event.slice, 1, now().isoformat())]
        )  # it spoke before the second
        assert await self.fresh(trial) != {}

        trial.service.heard._fresh.clear()
        monkeypatch.setattr(heard, "CLOCKS_APART", timedelta(seconds=-10))
        await trial.bus.hear([beat(event.slice, 2, now().isoformat())])
        assert await self.fresh(trial) != {}

        trial.service.heard._fresh.clear()
        await trial.bus.hear([beat(event.slice, 1, now().isoformat())])
        assert await self.fresh(trial) == {}

    async def test_is_never_ahead_of_our_clock(self, trial: Trial):
        soon = now() + timedelta(seconds=0.5)
        await trial.bus.hear([beat("trial.events/3", 0, soon.isoformat())])

        assert (await self.fresh(trial))["trial.events/3"] <= now()

    async def test_is_not_believed_when_a_clock_must_be_wrong(self, trial: Trial):
        """What is old would look new."""
        late = now() + timedelta(seconds=30)
        await trial.bus.hear([beat("trial.events/3", 0, late.isoformat())])
        assert await self.fresh(trial) == {}

        await trial.bus.hear([beat("trial.events/3", 0, now().isoformat())])
        assert await self.fresh(trial) != {}

    async def test_is_not_believed_when_it_was_kept_by_a_wrong_clock(self, trial: Trial):
        beats = trial.service.mongo["heartbeats"]
        slices = [f"trial.events/{n}" for n in range(SLICES)]
        await beats.insert_many([{"_id": one, "as_of": now()} for one in slices])
        assert await trial.service.heard.age("trial.events") is not None

        late = now() + timedelta(hours=1)
        await beats.update_one({"_id": slices[3]}, {"$set": {"as_of": late}})
        trial.service.heard._known.clear()
        assert await trial.service.heard.age("trial.events") is None

    async def test_soon_replaces_what_a_wrong_clock_kept(self, trial: Trial):
        heard, beats = trial.service.heard, trial.service.mongo["heartbeats"]
        late, early = now() + timedelta(hours=1), now() - timedelta(hours=1)
        await beats.insert_many([{"_id": "a/1", "as_of": late}, {"_id": "a/2", "as_of": early}])
        at = now()
        for slice in ("a/1", "a/2", "a/3"):
            heard.beat(slice, at)
        saving = asyncio.create_task(heard.keep_saving(0))
        async with asyncio.timeout(10):
            while {one["as_of"] async for one in beats.find()} != {at}:  # noqa: ASYNC110  # kept elsewhere
                await asyncio.sleep(0.01)
        saving.cancel()

    @pytest.mark.parametrize(
        "said",
        [
            b"[" * 100_000,
            b'{"position": 0, "as_of": "2026-01-05T09:00:00"}',
            b'{"position": 0, "as_of": "0001-01-01T00:00:00+14:00"}',
            b'{"position": Infinity, "as_of": "2026-01-05T09:00:00+00:00"}',
            b'{"as_of": "2026-01-05T09:00:00+00:00"}',
            b"\xff",
        ],
    )
    async def test_is_passed_over_when_it_cannot_be_read(self, trial: Trial, said: bytes):
        await trial.bus.hear([beat("trial.events/3", 0, "")._replace(value=said)])

        assert await self.fresh(trial) == {}


class TestPark:
    async def test_parks_a_refusal_and_what_is_behind_it(self, trial: Trial):
        add = trial.add
        trial.handle = lambda e: trial.counters.ask(e.counter, count(e.counter, e.n, most=10))
        events = [trial.told("a", 1), trial.told("a", 50), trial.told("a", 2), trial.told("b", 3)]
        await trial.bus.hear(events)
        await trial.bus.hear([trial.told("a", 4), trial.told("b", 5)])

        assert await trial.counted() == {"a": 1, "b": 8}
        assert await trial.parked() == [("a", TooMuch.__name__), ("a", "Behind"), ("a", "Behind")]

        trial.handle = add  # the cause is mended
        assert await trial.bus.retry() == 0  # but nobody has said so
        await trial.parking.retry(events[1].id)
        await trial.bus.retry()
        assert await trial.counted() == {"a": 57, "b": 8}
        assert await trial.parked() == []

    async def test_goes_on_when_an_operator_discards(self, trial: Trial):
        bad = trial.told("a", 1)._replace(value=b"{}")
        await trial.bus.hear([bad, trial.told("a", 2)])
        await trial.parking.discard(bad.id, by="ops", reason="a test")
        await trial.bus.retry()

        assert await trial.counted() == {"a": 2}
        assert await trial.service.mongo["discarded"].count_documents({"discarded_by": "ops"}) == 1

    @pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b"null", b'{"counter": "a"}'])
    async def test_parks_what_it_cannot_read(self, trial: Trial, value: bytes):
        await trial.bus.hear([trial.told("a", 1)._replace(value=value), trial.told("b", 2)])

        assert await trial.counted() == {"b": 2}
        assert await trial.parked() == [("a", "ValidationError")]

    async def test_keeps_what_was_wrong_but_not_what_was_said(self, trial: Trial):
        bad = trial.told("a", 1)._replace(value=b'{"counter": "a", "n": "Jeanne Martin"}')
        await trial.bus.hear([bad])

        [row] = await trial.parking.list("", 10)
        assert "n: " in row["error"]["text"]
        assert "Jeanne" not in str(row)

    async def test_lets_a_stranger_hold_nobody_up(self, trial: Trial):
        stranger = trial.told("a", 1, ce_position="x")
        await trial.bus.hear([stranger, stranger])
        await trial.bus.hear([Told()("a", 2)])

        assert await trial.counted() == {"a": 2}
        assert await trial.parked() == [("a", "NoPosition")]

    async def test_parks_what_cannot_be_written(self, trial: Trial):
        trial.handle = lambda e: trial.counters.ask(
            e.counter, lambda _: Change(Counter(id=e.counter, n=2**70 if e.n == 1 else e.n))
        )
        await trial.bus.hear([trial.told("a", 1), *(trial.told(f"c{n}", 7) for n in range(9))])

        assert await trial.parked() == [("a", "OverflowError")]
        assert set((await trial.counted()).values()) == {7}

    async def test_keeps_a_lane_in_order_when_it_is_heard_again_in_two_batches(
        self, service: Service, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ):
        def broken(event: Counted):
            def decide(current: Counter | None):
                if event.n == 1:
                    raise OSError
                return count(event.counter, event.n)(current)

            return trial.counters.ask(event.counter, decide)

        trial.handle = broken
        await trial.bus.hear([trial.told("a", 1), trial.told("a", 2)])
        monkeypatch.setattr(service.committer, "_most", 1)

        assert await trial.bus.retry() == 0
        assert await trial.counted() == {}
        trial.handle = trial.add
        await trial.bus.retry()
        await trial.bus.retry()
        assert trial.heard[-2:] == [("a", 1), ("a", 2)]
        assert await trial.parked() == []

    async def test_parks_what_nobody_gets_out_of_the_way(
        self, service: Service, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ):
        """A document without its version matches no write, however long one waits."""
        for name, limit in {"LOST_ALONE": 3, "LOST_TOGETHER": 2, "STUCK_MOST": 0.5}.items():
            monkeypatch.setattr(f"kit.committer.{name}", limit)
        await service.mongo["counters"].insert_one({"_id": "a", "n": 1, "clock": 1})
        events = [trial.told("a", 1), trial.told("b", 1)]
        with pytest.raises(Unavailable):
            await trial.bus.hear(events)
        await asyncio.sleep(0.5)
        await trial.bus.hear(events)

        assert await trial.parked() == [("a", "Lost")]
        assert (await trial.counters.get("b")).n == 1

    async def test_does_not_park_what_somebody_else_stands_in_the_way_of(
        self, trial: Trial, monkeypatch: pytest.MonkeyPatch
    ):
        """A process that died with a transaction open holds what it wrote until that is given up."""
        monkeypatch.setattr("kit.committer.LOST_ALONE", 3)
        first, second, third = (trial.told("a", n) for n in (1, 10, 100))
        await trial.bus.hear([first])
        holds, dies = asyncio.Event(), asyncio.Event()

        async def hold(session: Any) -> None:
            held = trial.counters.documents
            await held.update_one({"_id": "a"}, {"$inc": {"n": 1}}, session=session)
            holds.set()
            await dies.wait()
            raise ConnectionResetError

        holding = asyncio.create_task(trial.service.mongo.transaction(hold))
        await holds.wait()
        with pytest.raises(Unavailable):
            await trial.bus.hear([second, third])
        assert await trial.parked() == []

        dies.set()
        await asyncio.gather(holding, return_exceptions=True)
        await trial.bus.hear([second, third])
        assert await trial.counted() == {"a": 111}

    async def test_parks_what_has_headers_of_any_name(self, trial: Trial):
        bad = trial.told("a", 1)._replace(value=b"{}")
        bad.headers.update({"a\0b": "1", "$where": "2", "a.b": "3", "": "4"})
        async with asyncio.timeout(3):
            await trial.bus.hear([bad, trial.told("b", 2)])

        assert await trial.parked() == [("a", "ValidationError")]
        assert await trial.counted() == {"b": 2}
        assert await trial.parking.lane(bad.lane, 1) == [(bad, 1)]

    async def test_lets_what_cannot_even_be_parked_stop_its_slice_only(self, trial, monkeypatch):
        monkeypatch.setattr("kit.draft.parked", lambda *_: InsertOne({"_id": 2**70}))
        monkeypatch.setattr("kit.committer.log", Mock())
        bad = trial.told("a", 1)._replace(value=b"{}")
        async with asyncio.timeout(20):
            gaps = await trial.bus.hear([bad, trial.told("a", 1), trial.told("b", 2)])

        assert gaps == {bad.slice}
        assert await trial.counted() == {"b": 2}

    async def test_hears_again_what_failed_unexpectedly(self, trial: Trial):
        fails = [OSError(), OSError()]
        add = trial.add

        def shaky(event: Counted) -> Ask | None:
            if fails:
                raise fails.pop()
            return add(event)

        trial.handle = shaky
        await trial.bus.hear([trial.told("a", 1)])
        await trial.bus.retry()
        assert await trial.parked() == [("a", "OSError")]
        await trial.bus.retry()
        assert await trial.counted() == {"a": 1}
        assert await trial.parked() == []

    async def test_gives_up_in_the_end(self, trial: Trial):
        def broken(event: Counted) -> Ask | None:
            raise OSError

        trial.handle = broken
        await trial.bus.hear([trial.told("a", 1)])
        for _ in range(5):
            await trial.bus.retry()

        assert len(trial.heard) == 3  # once, and once for each delay
        assert await trial.parked() == [("a", "OSError")]

    async def test_is_tried_again_once_though_two_processes_try(self, service, trial: Trial):
        trial.handle = lambda _: (_ for _ in ()).throw(OSError)
        event = trial.told("a", 1)
        await trial.bus.hear([event])
        trial.handle = trial.add
        asks = [trial.bus._ask(event, 1) for _ in range(2)]

        assert await trial.service.committer.hear(asks) == ["applied", "repeated"]
        assert await trial.counted() == {"a": 1}


class TestOtherwise:
    async def test_is_kept_when_an_event_is_set_aside(self, guarded: Trial):
        await guarded.bus.hear([guarded.told("a", 1), guarded.told("a", 2)._replace(value=b"{}")])

        assert (await guarded.counters.get("a")).note == "?"

    async def test_stands_until_all_behind_it_is_heard(self, guarded: Trial):
        fails = [OSError()]

        def handle(event: Counted) -> Ask | None:
            if event.n == 2 and fails:
                raise fails.pop()
            return guarded.counters.ask(event.counter, count(event.counter, event.n, note="well"))

        guarded.handle = handle
        await guarded.bus.hear([guarded.told("a", n) for n in (1, 2, 3)])
        assert (await guarded.counters.get("a")).note == "?"

        await guarded.bus.retry()
        after = await guarded.counters.get("a")
        assert (after.n, after.note) == (6, "well")

    async def test_comes_on_top_of_what_the_event_leads_to(self, guarded: Trial):
        """More of the lane waits than is heard at once, and the event concerns another entity."""
        other = guarded.counters.ask("other", count("other", 5))
        guarded.handle = lambda e: other if e.n == 1 else guarded.add(e)
        both = _both(guarded.handle(Counted(counter="a", n=1)), guarded.mark("a"))
        await guarded.service.committer.keep(both)
        assert await guarded.counted() == {"other": 5, "a": 0}

        both = _both(guarded.add(Counted(counter="a", n=2)), guarded.mark("a"))
        await guarded.service.committer.keep(both)
        assert [row["type"] for row in await guarded.service.journal.rows.find().to_list(None)] == [
            "trial.counted.v1"
        ] * 2

    async def test_is_never_discarded(self, guarded: Trial):
        bad = guarded.told("a", 1)._replace(value=b"{}")
        await guarded.bus.hear([bad])

        with pytest.raises(NeverDiscarded):
            await guarded.parking.discard(bad.id, by="ops", reason="a test")


class TestAge:
    async def test_is_unknown_when_our_clock_was_set_back(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ):
        """What was heard before that looks as if it came from the future."""
        for n in range(SLICES):
            service.heard.beat(f"users.events/{n}", now())
        back = now() - timedelta(seconds=60)
        monkeypatch.setattr(heard, "now", lambda: back)

        assert await service.heard.age("users.events") is None
