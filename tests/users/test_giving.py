"""Attaching gives no more than whoever attaches holds (ADR 0021)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.users import Habilitation, Line
from kit import journal
from kit.entitled import effective
from kit.problems import Problem
from services.users.domain.delegation import MoreThanYours, gives
from services.users.domain.giving import attached, left_out
from services.users.domain.held import Waiting
from services.users.domain.rattachements import (
    MOST,
    Rattachement,
    TooManyRights,
    nothing_yet,
    rights_of,
)
from tests.users.rattaching import (
    DEFAULTS,
    MANAGE,
    NOW,
    READ,
    TODAY,
    a_delegate,
    a_line,
    a_manager,
    a_rattachement,
    an_extent,
)

DAY = timedelta(days=1)
JUNE, DECEMBER = date(2026, 6, 30), date(2026, 12, 31)


def until(day: date, one: Habilitation = READ) -> Habilitation:
    return one.model_copy(update={"valid_until": day})


def on(unit: str, one: Habilitation = READ) -> Habilitation:
    return one.model_copy(update={"unit": unit})


def given_by(giver: Rattachement | None, tie: Any = None, **extent: Any) -> Rattachement:
    change = attached(
        tie or nothing_yet("u-lea", "s-bakery"),
        an_extent(**extent),
        on=TODAY,
        defaults=DEFAULTS,
        own=gives(giver, TODAY),
    )
    assert change.state
    return change.state


def holding(*rows: Habilitation, **but: Any) -> Rattachement:
    """A delegate of the whole bakery, who holds this beside."""
    return a_delegate(**{"habilitations": (MANAGE, *rows)} | but)


class TestAttached:
    @pytest.mark.feature("HAB-05", "RAT-12")
    def test_gives_the_defaults_that_the_giver_holds(self):
        assert given_by(holding(READ)).habilitations == (READ,)
        assert given_by(holding()).habilitations == ()
        assert given_by(None).habilitations == ()
        assert given_by(a_manager(habilitations=(MANAGE,))).habilitations == (READ,)

    @pytest.mark.feature("HAB-05")
    def test_gives_them_for_as_long_as_the_giver_holds_them(self):
        later = READ.model_copy(update={"valid_from": JUNE})

        assert given_by(holding(until(JUNE))).habilitations == (until(JUNE),)
        assert given_by(holding(later)).habilitations == (later,)
        assert given_by(holding(READ, lines=(a_line(valid_until=JUNE),))).habilitations == (
            until(JUNE),
        )
        assert given_by(holding(until(JUNE)), valid_until=JUNE).habilitations == (READ,)

    @pytest.mark.feature("HAB-05")
    def test_gives_them_where_the_giver_holds_them(self):
        giver = holding(on("ovens"))

        assert given_by(giver).habilitations == ()
        assert given_by(giver, units=("ovens", "tills")).habilitations == (on("ovens"),)

    @pytest.mark.feature("HAB-05")
    def test_lengthens_what_is_there_as_far_as_the_giver_holds_it(self):
        lea = a_rattachement(lines=(a_line(valid_until=JUNE),))

        assert given_by(holding(), lea).habilitations == (until(JUNE),)
        assert given_by(holding(until(DECEMBER)), lea).habilitations == (until(DECEMBER),)
        assert given_by(holding(READ), lea).habilitations == (READ,)
        assert given_by(a_manager(), lea).habilitations == (READ,)

    def test_lengthens_what_is_not_yet_in_force_no_further(self):
        waits = Waiting(habilitation=READ, effective_at=NOW + DAY)
        lea = a_rattachement(lines=(a_line(valid_until=JUNE),), habilitations=(), waiting=(waits,))

        assert given_by(holding(), lea).waiting[0].habilitation == until(JUNE)

    def test_refuses_days_between_those_that_are_there(self):
        lea = a_rattachement(
            lines=(a_line(valid_until=JUNE), a_line(valid_from=DECEMBER, valid_until=None))
        )

        with pytest.raises(MoreThanYours):
            given_by(holding(), lea)
        assert given_by(holding(READ), lea).lines == (a_line(),)

    @pytest.mark.feature("RAT-15")
    def test_refuses_more_than_could_be_told(self):
        units = tuple(f"u-{nth}" for nth in range(MOST // 2 + 1))

        with pytest.raises(TooManyRights) as refusal:
            given_by(a_manager(), units=units)

        assert refusal.value.members["most"] == MOST
        assert refusal.value.members["errors"][0]["pointer"] == "/body/units"
        assert len(given_by(a_manager(), units=units[1:]).lines) == MOST // 2

    def test_so_that_the_rights_of_all_that_one_may_have_can_be_told(self):
        row = Habilitation(
            application="a" * 64,
            level="consultation",
            unit="é" * 50,
            valid_from=TODAY,
            valid_until=TODAY,
        )
        line = a_line("é" * 50, valid_until=TODAY)
        for many in ({"habilitations": (row,) * MOST}, {"lines": (line,) * MOST}):
            tie = a_rattachement(**{"lines": (), "habilitations": ()} | many)
            told = journal.row(rights_of(tie), clock=1, correlation="", at=NOW)
            assert len(told["data"]) < journal.LARGEST


class TestLeftOut:
    @pytest.mark.feature("RAT-12")
    @pytest.mark.parametrize(
        ("giver", "lost"),
        [
            (a_manager(), ()),
            (holding(READ), ()),
            (holding(), (READ,)),
            (holding(until(JUNE)), (READ,)),
            (None, (READ,)),
        ],
    )
    def test_names_what_somebody_new_does_not_get(self, giver: Any, lost: Any):
        assert left_out(gives(giver, TODAY), an_extent(), DEFAULTS, TODAY) == lost


days = st.integers(0, 12).map(lambda n: TODAY + n * DAY)
windows = st.tuples(days, st.none() | days).map(
    lambda two: {"valid_from": two[0], "valid_until": two[1] and max(two)}
)
units = st.sampled_from([None, "ovens", "tills"])
rows = st.lists(
    st.builds(lambda unit, of: READ.model_copy(update={"unit": unit} | of), units, windows),
    max_size=3,
    unique_by=lambda one: one.unit,
).map(tuple)
lines = st.lists(st.builds(lambda unit, of: Line(unit=unit, **of), units, windows), max_size=4)
extents = st.builds(
    lambda some, of: an_extent(units=some, **of),
    st.sampled_from([(), ("ovens",), ("ovens", "tills")]),
    windows,
)


def on_each_day(tie: Rattachement) -> set[tuple[str, date]]:
    """Where and when it reads; the whole is each of its units."""
    return {
        (unit, TODAY + n * DAY)
        for one in effective(tie)
        for unit in ("ovens", "tills", "all else")
        if one.unit in (None, unit)
        for n in range(16)
        if (one.valid_from or date.min) <= TODAY + n * DAY <= (one.valid_until or date.max)
    }


class TestAnyDelegate:
    @pytest.mark.feature("HAB-05")
    @settings(max_examples=200)
    @given(rows, lines, rows, lines, extents)
    def test_gives_no_day_that_they_lack_and_takes_none(
        self, his: Any, his_lines: Any, hers: Any, her_lines: Any, extent: Any
    ):
        assume(his_lines)
        giver = a_delegate(habilitations=his, lines=tuple(his_lines))
        role = "user" if her_lines else None
        lea = a_rattachement(habilitations=hers if role else (), lines=tuple(her_lines), role=role)
        before = on_each_day(lea)

        try:
            tie = attached(lea, extent, on=TODAY, defaults=DEFAULTS, own=gives(giver, TODAY)).state
        except Problem:
            return

        assert tie
        assert before <= on_each_day(tie) <= before | on_each_day(giver)
