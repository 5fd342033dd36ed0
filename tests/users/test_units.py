"""What users knows of units, whatever it hears and in whatever order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.change import Change
from services.users.domain.units import TAKING_AWAY_LASTS, Told, Unit, begin, done, learn
from tests.users.rattaching import (
    LATER,
    NOW,
    TODAY,
    a_changed_unit,
    a_known_unit,
    a_new_unit,
    an_ended_unit,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def heard(*facts: Told) -> Unit:
    unit: Unit | None = None
    for fact in facts:
        unit = learn(fact, unit).state
    assert unit
    return unit


class TestLearn:
    def test_keeps_a_new_unit(self):
        assert heard(a_new_unit()) == a_known_unit()

    @pytest.mark.feature("SRV-04")
    @pytest.mark.parametrize(
        "end",
        [
            an_ended_unit(),
            an_ended_unit(status="deleted"),
            an_ended_unit(status="active", valid_until=YESTERDAY),
            a_changed_unit(active=False, valid_until=YESTERDAY),
            a_changed_unit(active=False, status="inactive"),
        ],
    )
    def test_begins_to_take_away_what_it_gave_once_it_is_over(self, end):
        unit = heard(a_new_unit(), end)

        assert (unit.over, unit.wake_at) == (True, NOW)
        assert not unit.open(TODAY)

    @pytest.mark.feature("SRV-10")
    def test_lets_one_be_attached_before_its_first_day_and_not_after_its_last(self):
        unit = heard(a_new_unit(active=False, valid_from=TOMORROW, valid_until=TOMORROW))

        assert unit.open(TODAY)
        assert unit.open(TOMORROW)
        assert not unit.open(TOMORROW + timedelta(days=1))

    def test_takes_nothing_more_away_once_it_is_active_again(self):
        unit = heard(a_new_unit(), an_ended_unit(), a_changed_unit(version=3))

        assert (unit.over, unit.wake_at) == (False, None)

    def test_takes_away_once_for_one_end(self):
        ended = replace(heard(a_new_unit(), an_ended_unit()), wake_at=None)

        deleted = learn(an_ended_unit(status="deleted", version=3), ended).state

        assert deleted == replace(ended, told=3)

    @given(st.data())
    def test_ends_as_the_newest_fact_says_however_often_and_late_they_come(self, data: Any):
        facts = [
            a_new_unit(),
            an_ended_unit(version=2),
            a_changed_unit(version=3),
            an_ended_unit(version=4),
        ]
        newest = data.draw(st.integers(1, 4))
        extra = data.draw(st.lists(st.sampled_from(facts[:newest]), max_size=6))
        order = data.draw(st.permutations([*facts[:newest], *extra]))

        unit = heard(*order)

        assert (unit.told, unit.over) == (newest, newest in (2, 4))


class TestBegin:
    def test_leaves_time_to_whoever_does_it(self):
        over = a_known_unit(over=True, wake_at=NOW)

        begun = begin(over, LATER)

        assert begun == Change(replace(over, wake_at=LATER + TAKING_AWAY_LASTS))
        assert begin(begun.state, LATER) == begun

    @pytest.mark.parametrize("unit", [None, a_known_unit(), a_known_unit(wake_at=LATER)])
    def test_finds_nothing_to_do(self, unit):
        assert begin(unit, NOW) == Change(unit)


class TestDone:
    def test_looks_at_it_no_more(self):
        begun = a_known_unit(over=True, wake_at=LATER)

        assert done(begun, begun) == Change(replace(begun, wake_at=None))
        assert done(begun, None) == Change(None)

    def test_leaves_a_later_end_to_be_done(self):
        begun = a_known_unit(over=True, wake_at=LATER)
        again = replace(begun, told=3, wake_at=NOW)

        assert done(begun, again) == Change(again)
