"""How fresh is what is known, and whose word for it is believed."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from pymongo.errors import AutoReconnect

from kit import heard
from kit.clock import now
from kit.journal import SLICES
from kit.record import HEARTBEAT, Record
from kit.service import Service
from tests.kit.trial import Trial


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
        moments = {str(n): now() for n in range(SLICES)}
        await beats.insert_one({"_id": "trial.events", "as_of": moments})
        assert await trial.service.heard.age("trial.events") is not None

        late = now() + timedelta(hours=1)
        await beats.update_one({"_id": "trial.events"}, {"$set": {"as_of.3": late}})
        trial.service.heard._known.clear()
        assert await trial.service.heard.age("trial.events") is None

    async def test_soon_replaces_what_a_wrong_clock_kept(self, trial: Trial):
        heard, beats = trial.service.heard, trial.service.mongo["heartbeats"]
        late, early = now() + timedelta(hours=1), now() - timedelta(hours=1)
        await beats.insert_one({"_id": "a", "as_of": {"1": late, "2": early}})
        at = now()
        for slice in ("a/1", "a/2", "a/3"):
            heard.beat(slice, at)
        saving = asyncio.create_task(heard.keep_saving(0))
        async with asyncio.timeout(10):
            while (await beats.find_one())["as_of"] != dict.fromkeys("123", at):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        saving.cancel()

    async def test_is_kept_once_mongodb_is_back(self, trial: Trial, monkeypatch):
        heard, beats = trial.service.heard, trial.service.mongo["heartbeats"]
        away = iter([AutoReconnect("no primary")])

        class Away:
            async def bulk_write(self, *asked, **more):
                for one in away:
                    raise one
                return await beats.bulk_write(*asked, **more)

        monkeypatch.setattr(heard, "_beats", Away())
        heard.beat("a/1", now())
        saving = asyncio.create_task(heard.keep_saving(0))
        async with asyncio.timeout(10):
            while not await beats.find_one():  # noqa: ASYNC110  # kept elsewhere
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

    async def test_stays_unknown_when_a_clock_that_was_behind_comes_to_that_moment(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ):
        """What another life of the service kept is thirty seconds old by then."""
        kept = {str(n): now() for n in range(SLICES)}
        await service.mongo["heartbeats"].insert_one({"_id": "users.events", "as_of": kept})
        clock = now() - timedelta(seconds=30)
        monkeypatch.setattr(heard, "now", lambda: clock)
        assert await service.heard.age("users.events") is None

        clock += timedelta(seconds=31)
        service.heard._known.clear()
        assert await service.heard.age("users.events") is None

        for n in range(SLICES):
            service.heard.beat(f"users.events/{n}", clock)
        assert await service.heard.age("users.events") == 0
