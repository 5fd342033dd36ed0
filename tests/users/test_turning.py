"""What a new day brings to a rattachement."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import RattachementBegun, RattachementEnded, RightsChanged
from kit import entitled
from kit.change import Change
from kit.days import beginning_of
from services.users.domain.rattachements import attach, nothing_yet
from services.users.domain.turning import turn
from tests.users.rattaching import (
    DEFAULTS,
    READ,
    TODAY,
    a_line,
    a_manager,
    a_rattachement,
    a_structure,
    an_extent,
)

TOMORROW = TODAY + timedelta(days=1)
days = st.dates(TODAY, TODAY + timedelta(days=9))


def turned(tie: Any, day: date) -> Any:
    return turn(tie, a_structure(), None, None, now=beginning_of(day))


def kinds(change: Change[Any]) -> list[type]:
    return [type(event) for event in change.events]


class TestTurn:
    @pytest.mark.feature("RAT-07")
    def test_tells_that_a_later_line_has_begun(self):
        tie = a_rattachement(lines=(a_line(valid_from=TOMORROW),), noted=TODAY)
        assert tie.wake_at == beginning_of(TOMORROW)

        now, begun, ended = turned(tie, TOMORROW)

        assert kinds(now) == [RattachementBegun]
        assert (now.state.noted, now.state.wake_at) == (TOMORROW, None)
        assert (begun.state.done, begun.state.by, ended) == ("begun", None, Change(None))

    @pytest.mark.feature("RAT-07", "RAT-26")
    def test_ends_a_line_after_its_last_day_with_what_it_gave(self):
        on_ovens = READ.model_copy(update={"unit": "ovens"})
        ending = (a_line("ovens", valid_until=TODAY), a_line("tills"))
        tie = a_rattachement(lines=ending, habilitations=(on_ovens,), noted=TODAY)

        now, _, ended = turned(tie, TOMORROW)

        assert kinds(now) == [RightsChanged, RattachementEnded]
        assert now.events[1].units == ("ovens",)
        assert (now.state.lines, now.state.habilitations) == ((a_line("tills"),), ())
        assert [(one.line.unit, one.how) for one in now.state.past] == [("ovens", "ended")]
        assert ended.state.done == "ended"

    def test_of_the_last_line_leaves_no_role(self):
        tie = a_rattachement(lines=(a_line(valid_until=TODAY),), noted=TODAY)

        now, _, _ = turned(tie, TOMORROW)

        assert (now.state.role, now.state.lines, now.state.wake_at) == (None, (), None)

    def test_leaves_the_role_of_a_principal_manager(self):
        tie = a_manager(lines=(a_line(valid_until=TODAY),), noted=TODAY)

        now, _, _ = turned(tie, TOMORROW)

        assert kinds(now) == [RattachementEnded]
        assert (now.state.role, now.state.lines) == ("principal_manager", tie.lines)
        assert now.state.wake_at is None
        assert not entitled.attached(now.state, TOMORROW)

    def test_waits_for_the_day(self):
        tie = a_rattachement(lines=(a_line(valid_until=TODAY),), noted=TODAY)

        assert turned(tie, TODAY) == (Change(tie), Change(None), Change(None))
        assert turned(None, TODAY) == (Change(None), Change(None), Change(None))

    def test_tells_nothing_of_what_began_before_anybody_noted_it(self):
        kept = a_rattachement(lines=(a_line(), a_line("x", valid_until=TODAY)), noted=None)

        assert kinds(turned(kept, TOMORROW)[0]) == [RightsChanged, RattachementEnded]

    @given(
        st.lists(st.tuples(days, days, st.sampled_from([(), ("a",), ("b",)])), max_size=4),
        st.lists(days, max_size=6),
    )
    def test_tells_each_beginning_and_each_end_once(self, given, wakes):
        tie = nothing_yet("u-lea", "s-bakery")
        for first, last, units in given:
            extent = an_extent(
                units=units, valid_from=min(first, last), valid_until=max(first, last)
            )
            asked = attach(tie, role="user", extent=extent, on=TODAY, defaults=DEFAULTS).state
            tie = replace(asked, noted=TODAY)
        lines, told = tie.lines, []
        for day in [*sorted(wakes), TODAY + timedelta(days=30)]:
            for _ in range(2):
                change, _, _ = turned(tie, day)
                told += change.events
                tie = change.state
            assert all(line in tie.lines for line in lines if (line.valid_until or day) >= day)

        assert (tie.lines, tie.wake_at) == ((), None)
        ended = [event for event in told if isinstance(event, RattachementEnded)]
        assert len(ended) <= len({line.valid_until for line in lines})
        assert bool(ended) == bool(lines)
