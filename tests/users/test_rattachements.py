"""What ties a user to a structure, first rule by rule, then over any history."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import RightsChanged
from kit.change import Change
from services.users.domain.rattachements import Extent, attach, nothing_yet, rights_of, unit_ended
from tests.users.rattaching import (
    DEFAULTS,
    MANAGE,
    READ,
    TODAY,
    a_rattachement,
    a_waiting_rattachement,
    an_extent,
)

days = st.dates(TODAY, TODAY + timedelta(days=12))
units = st.sampled_from([(), ("a",), ("b",), ("a", "b")])


@st.composite
def extents(draw: st.DrawFn) -> Extent:
    first, last = sorted((draw(days), draw(days)))
    return Extent(
        units=draw(units), valid_from=first, valid_until=draw(st.sampled_from([last, None]))
    )


def given_by(extent: Extent) -> set[tuple[str, date]]:
    """Every (unit, day) of it, over the weeks that matter."""
    horizon = [TODAY + timedelta(days=count) for count in range(20)]
    return {
        (unit, day)
        for unit in (extent.units or ("a", "b", "the rest"))
        for day in horizon
        if extent.valid_from <= day <= extent.last_day
    }


class TestExtent:
    @given(extents(), extents())
    def test_covers_what_it_gives_already(self, one: Extent, other: Extent):
        assert one.covers(other) == (given_by(other) <= given_by(one))

    @given(extents(), extents())
    def test_joins_without_giving_more_than_both(self, one: Extent, other: Extent):
        joined = one.joined(other)

        if joined:
            assert given_by(joined) == given_by(one) | given_by(other)

    @given(extents(), extents())
    def test_joins_whatever_touches(self, one: Extent, other: Extent):
        alike = Extent(units=one.units, valid_from=other.valid_from, valid_until=other.valid_until)

        apart = alike.valid_from > one.last_day + timedelta(days=1) if one.valid_until else False
        apart |= one.valid_from > alike.last_day + timedelta(days=1) if alike.valid_until else False
        assert (one.joined(alike) is None) == apart

    @pytest.mark.feature("RAT-07")
    def test_lasts_until_the_end_of_its_last_day(self):
        extent = an_extent(valid_until=TODAY)

        assert not extent.ended(TODAY)
        assert extent.ended(TODAY + timedelta(days=1))

    def test_without_an_end_never_ends(self):
        assert not an_extent().ended(date.max)


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

    def test_starts_anew_after_the_end(self):
        ended = a_rattachement(
            habilitations=(), extent=an_extent(valid_until=TODAY - timedelta(days=1))
        )

        attached = attach(ended, role="user", extent=an_extent(), on=TODAY, defaults=DEFAULTS)

        assert attached.state is not None
        assert attached.state.habilitations == (READ,)


class TestUnitEnded:
    OVENS, TILLS = (READ.model_copy(update={"unit": unit}) for unit in ("ovens", "tills"))

    @pytest.mark.feature("SRV-04")
    def test_takes_the_unit_out_and_tells_what_is_left(self):
        both = a_rattachement(
            extent=an_extent(units=("ovens", "tills")), habilitations=(self.OVENS, self.TILLS)
        )

        ended = unit_ended(both, "tills")

        left = replace(both, extent=an_extent(units=("ovens",)), habilitations=(self.OVENS,))
        assert ended == Change(left, (rights_of(left),))

    @pytest.mark.feature("SRV-04")
    def test_ends_what_was_limited_to_that_unit_alone(self):
        tills = a_rattachement(extent=an_extent(units=("tills",)), habilitations=(self.TILLS,))

        ended = unit_ended(tills, "tills")

        assert ended.state == replace(tills, role=None, extent=None, habilitations=())
        [rights] = ended.events
        assert (rights.role, rights.units, rights.habilitations) == (None, (), ())

    def test_leaves_the_whole_structure_without_its_habilitations_on_that_unit(self):
        whole = a_rattachement(habilitations=(READ, self.TILLS))

        ended = unit_ended(whole, "tills")

        assert ended.state == replace(whole, habilitations=(READ,))

    @given(st.sets(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
    def test_never_gives_more_however_many_units_end_and_however_often(self, has, gone):
        units = tuple(sorted(has))
        on_units = tuple(READ.model_copy(update={"unit": unit}) for unit in units)
        tie = a_rattachement(extent=an_extent(units=units), habilitations=on_units or (READ,))
        before, told = tie, []

        for unit in [*gone, *gone]:
            change = unit_ended(tie, unit)
            tie, told = change.state, [*told, *change.events]

        if before.extent.units:
            left = set(units) - set(gone)
            assert (tie.role is None) == (not left)
            assert set(tie.extent.units if tie.extent else ()) == left
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
