"""What happens to the events that cannot be heard."""

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest

from kit.bus import _both
from kit.change import Change
from kit.collection import Ask
from kit.mongo import InsertOne
from kit.parking import NeverDiscarded
from kit.problems import Unavailable
from kit.service import Service
from tests.counters import Counted, Counter, Told, TooMuch, count
from tests.kit.trial import Trial


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

    async def test_keeps_why_it_was_discarded_and_nothing_of_what_it_said(self, trial: Trial):
        bad = trial.told("a", 1)._replace(value=b'{"counter": "a", "n": "Jeanne Martin"}')
        await trial.bus.hear([bad])
        await trial.parking.discard(bad.id, by="ops", reason="a test")

        [row] = await trial.service.mongo["discarded"].find().to_list(None)
        assert (row["_id"], row["record"]["key"], row["reason"]) == (bad.id, "a", "a test")
        assert "Jeanne" not in str(row)

    async def test_forgets_what_an_earlier_release_kept_of_what_was_discarded(self, trial: Trial):
        discarded = trial.service.mongo["discarded"]
        await discarded.insert_one({"_id": "1", "record": {"key": "a", "value": b'"Jeanne"'}})
        await trial.parking.prepare()

        [row] = await discarded.find().to_list(None)
        assert (row["record"]["key"], "Jeanne" in str(row)) == ("a", False)

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
