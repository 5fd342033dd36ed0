"""Any history of a unit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.change import Change
from services.structures.domain.units import Unit, activate, deactivate, delete, wake
from tests.structures.builders import NOW
from tests.structures.unit_builders import AT_ONCE, TODAY, TOMORROW, a_unit, done, made, modified


@dataclass
class Life:
    """A unit as it is kept, and what was told of it; everything is done to it twice."""

    unit: Unit
    told: list[Any]
    now: datetime = NOW

    def take(self, decide: Callable[[Unit], Change]) -> None:
        for _ in range(2):
            change = decide(self.unit)
            if change.state == self.unit:
                assert change.events == ()
                continue
            self.unit = replace(change.state, version=self.unit.version + 1)
            assert {event.version for event in change.events} <= {self.unit.version}
            self.told += change.events
        if decide != self.wake:
            self.take(self.wake)

    def wake(self, unit: Unit) -> Change:
        return wake(unit, now=self.now)

    def a_day_passes(self) -> None:
        self.now += timedelta(days=1)
        self.take(self.wake)

    def modify(self, first: date, last: date | None, after: timedelta) -> None:
        if self.unit.status != "deleted" and (last is None or first <= last):
            asked = {"valid_from": first, "valid_until": last, "after": after}
            self.take(lambda unit: modified(unit, now=self.now, **asked))

    def activate(self, after: timedelta) -> None:
        if self.unit.status != "deleted":
            self.take(lambda unit: done(activate, unit, now=self.now, after=after))

    def end(self, decide: Any) -> None:
        if self.unit.status != "deleted" or decide is delete:
            self.take(lambda unit: done(decide, unit, now=self.now))
            assert not self.unit.active(self.now.date())


days = st.dates(TODAY, TODAY + timedelta(days=6))
delays = st.sampled_from([AT_ONCE, timedelta(days=2)])
steps = st.one_of(
    st.tuples(st.just("activate"), delays),
    st.tuples(st.just("end"), st.sampled_from([deactivate, delete])),
    st.tuples(st.just("modify"), days, st.none() | days, delays),
    st.tuples(st.just("a_day_passes")),
)


class TestAnyHistory:
    @pytest.mark.feature("SRV-10")
    @given(st.lists(steps, max_size=12))
    def test_tells_enough_to_know_on_every_day_whether_it_is_active(self, history):
        first = made(valid_until=TOMORROW)
        life = Life(replace(first.state, version=1), [*first.events])

        for what, *how in history:
            getattr(life, what)(*how)

            assert life.told[-1].active == life.unit.active(life.now.date())
            assert life.unit.wake_at is None or life.unit.wake_at > life.now
        versions = [event.version for event in life.told]
        assert versions == sorted(versions)

    @given(st.integers(101, 150))
    def test_keeps_the_last_hundred_lines(self, many):
        unit = a_unit()
        for nth in range(many):
            unit = replace(modified(unit, name=str(nth)).state, version=nth)

        assert len(unit.history) == 100
        assert unit.history[-1].fields == ("name",)
