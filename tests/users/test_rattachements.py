"""What ties a user to a structure, first rule by rule, then over any history."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.users import Line, RightsChanged
from kit.change import Change
from services.users.domain.lines import (
    Extent,
    Lines,
    as_one,
    cover,
    joined,
    last_day,
    spanning,
    standing,
)
from services.users.domain.rattachements import (
    Past,
    Rattachement,
    attach,
    nothing_yet,
    rights_of,
    unit_ended,
)
from tests.users.rattaching import (
    DEFAULTS,
    MANAGE,
    READ,
    TODAY,
    a_line,
    a_rattachement,
    a_waiting_rattachement,
    an_extent,
)

days = st.dates(TODAY, TODAY + timedelta(days=12))
HORIZON = [TODAY + timedelta(days=count) for count in range(20)]


@st.composite
def some_lines(draw: st.DrawFn) -> Line:
    first, last = sorted((draw(days), draw(days)))
    return Line(
        unit=draw(st.sampled_from([None, "a", "b"])),
        valid_from=first,
        valid_until=draw(st.sampled_from([last, None])),
    )


lines = st.lists(some_lines(), max_size=5).map(tuple)


def given_by(some: Lines) -> set[tuple[str, date]]:
    """Every (unit, day) of them, over the weeks that matter."""
    return {
        (unit, day)
        for line in some
        for unit in ([line.unit] if line.unit else ["a", "b", "the rest"])
        for day in HORIZON
        if line.valid_from <= day <= last_day(line)
    }


class TestLines:
    @given(lines)
    def test_joined_give_the_same_in_no_more_lines(self, some: Lines):
        one = joined(some)

        assert given_by(one) == given_by(some)
        assert len(one) <= len(some)
        assert joined(one) == one
        assert joined(reversed(some)) == one

    @given(lines, some_lines())
    def test_cover_what_they_give_already(self, some: Lines, asked: Line):
        assert cover(some, asked) == (given_by((asked,)) <= given_by(some))

    @given(lines)
    def test_are_never_more_to_whoever_knows_no_lines(self, some: Lines):
        if some:
            told = Extent(**as_one(some))
            assert given_by(told.lines()) <= given_by(some)

    @given(lines)
    def test_all_stand_within_what_one_would_ask_for(self, some: Lines):
        if some:
            assert given_by(some) <= given_by(spanning(some).lines())

    @pytest.mark.feature("RAT-07")
    def test_last_until_the_end_of_their_last_day(self):
        ending = a_line(valid_until=TODAY)

        assert standing((ending, a_line()), TODAY) == (ending, a_line())
        assert standing((ending, a_line()), TODAY + timedelta(days=1)) == (a_line(),)
        assert standing((a_line(),), date.max) == (a_line(),)


class TestRattachement:
    def test_is_read_as_it_was_kept_before_it_had_lines(self):
        kept = {
            "id": "u-lea:s-bakery",
            "version": 3,
            "wake_at": None,
            "user_id": "u-lea",
            "structure_id": "s-bakery",
            "role": "user",
            "extent": {"units": ["ovens"], "valid_from": "2026-03-02", "valid_until": None},
            "habilitations": [READ.model_dump()],
            "may_approve": True,
            "pending_request_id": None,
        }

        read = TypeAdapter(Rattachement).validate_python(kept)

        assert read == a_rattachement(lines=(a_line("ovens"),))
        assert TypeAdapter(Rattachement).dump_python(read)["extent"] is None


class TestAttach:
    def test_gives_what_the_role_may_do(self):
        attached = attach(
            nothing_yet("u-lea", "s-bakery"),
            role="principal_manager",
            extent=an_extent(),
            on=TODAY,
            defaults=DEFAULTS,
        )

        assert attached.state is not None
        assert attached.state.habilitations == (MANAGE, READ)

    @pytest.mark.feature("RAT-08", "RAT-15")
    def test_gives_the_defaults_on_what_is_new_and_leaves_the_rest_as_it_is(self):
        chosen = MANAGE.model_copy(update={"unit": "ovens"})
        tie = a_rattachement(lines=(a_line("ovens"),), habilitations=(chosen,))

        attached = attach(
            tie,
            role="user",
            extent=an_extent(units=("ovens", "tills")),
            on=TODAY,
            defaults=DEFAULTS,
        )

        assert attached.state.lines == (a_line("ovens"), a_line("tills"))
        on_tills = READ.model_copy(update={"unit": "tills"})
        assert attached.state.habilitations == (chosen, on_tills)

    def test_starts_anew_after_the_end(self):
        ended = a_rattachement(
            habilitations=(), lines=(a_line(valid_until=TODAY - timedelta(days=1)),)
        )

        attached = attach(ended, role="user", extent=an_extent(), on=TODAY, defaults=DEFAULTS)

        assert attached.state is not None
        assert attached.state.habilitations == (READ,)


class TestUnitEnded:
    OVENS, TILLS = (READ.model_copy(update={"unit": unit}) for unit in ("ovens", "tills"))

    @pytest.mark.feature("SRV-04")
    def test_takes_the_unit_out_and_tells_what_is_left(self):
        both = a_rattachement(
            lines=(a_line("ovens"), a_line("tills")), habilitations=(self.OVENS, self.TILLS)
        )

        ended = unit_ended(both, "tills")

        left = replace(
            both,
            lines=(a_line("ovens"),),
            habilitations=(self.OVENS,),
            past=(Past(line=a_line("tills"), how="ended"),),
        )
        assert ended == Change(left, (rights_of(left),))

    @pytest.mark.feature("SRV-04")
    def test_ends_what_was_limited_to_that_unit_alone(self):
        tills = a_rattachement(lines=(a_line("tills"),), habilitations=(self.TILLS,))

        ended = unit_ended(tills, "tills")

        past = (Past(line=a_line("tills"), how="ended"),)
        assert ended.state == replace(tills, role=None, lines=(), habilitations=(), past=past)
        [rights] = ended.events
        assert (rights.role, rights.lines, rights.habilitations) == (None, (), ())

    def test_leaves_the_whole_structure_without_its_habilitations_on_that_unit(self):
        whole = a_rattachement(habilitations=(READ, self.TILLS))

        ended = unit_ended(whole, "tills")

        assert ended.state == replace(whole, habilitations=(READ,))

    @given(st.sets(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
    def test_never_gives_more_however_many_units_end_and_however_often(self, has, gone):
        units = tuple(sorted(has))
        on_units = tuple(READ.model_copy(update={"unit": unit}) for unit in units)
        tie = a_rattachement(
            lines=an_extent(units=units).lines(), habilitations=on_units or (READ,)
        )
        before, told = tie, []

        for unit in [*gone, *gone]:
            change = unit_ended(tie, unit)
            tie, told = change.state, [*told, *change.events]

        if units:
            left = set(units) - set(gone)
            assert (tie.role is None) == (not left)
            assert {line.unit for line in tie.lines} == left
            assert len(told) == len(set(units) & set(gone))
        else:
            assert (tie, told) == (before, [])

    def test_says_nothing_to_whoever_has_nothing_there(self):
        for tie in (None, a_waiting_rattachement(), a_rattachement()):
            assert unit_ended(tie, "tills") == Change(tie)


class TestRightsOf:
    def test_says_that_nothing_is_left(self):
        assert rights_of(a_waiting_rattachement()) == RightsChanged(
            rattachement_id="u-lea:s-bakery",
            user_id="u-lea",
            structure_id="s-bakery",
            role=None,
            version=2,
        )

    def test_bears_the_version_it_is_about_to_get(self):
        assert rights_of(a_rattachement(version=41)).version == 42
