"""What happens to the events that are heard."""

import asyncio

from kit.change import Change
from kit.service import Service
from tests.counters import count
from tests.kit.conftest import keeping
from tests.kit.trial import Trial


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
