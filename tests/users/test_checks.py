"""Who may do what, and why, against a model that knows nothing but days."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import Habilitation, Line
from kit import entitled
from kit.rights import Rights, applied
from services.users.domain.checks import Check, judge, may_ask
from services.users.domain.rattachements import Past, Rattachement, rights_of
from tests.users.rattaching import (
    MANAGE,
    READ,
    TODAY,
    a_delegate,
    a_line,
    a_manager,
    a_rattachement,
    a_waiting_rattachement,
)

DAYS = [TODAY + timedelta(days=n) for n in range(-3, 4)]
YESTERDAY, TOMORROW = DAYS[2], DAYS[4]
UNITS = (None, "ovens", "shop")
PROFILES = (("organisation", "modification"), ("engagements", "consultation"))


def a_check(**but: Any) -> Check:
    """Whether Léa may read engagements in the whole bakery today."""
    asked = {"application": "engagements", "level": "consultation", "unit": None, "on": TODAY}
    return Check(**{"user_id": "u-lea", "structure_id": "s-bakery"} | asked | but)


def answered(tie: Rattachement | None, *, active: bool = True, open: bool = True, **but: Any):
    return judge(a_check(**but), tie, account_active=active, unit_open=open)


class TestJudge:
    def test_names_the_grant(self):
        answer = answered(a_rattachement())
        assert (answer.allowed, answer.reason) == (True, "granted")
        assert answer.grant == (a_line(), READ)

    def test_names_the_role_of_who_manages_without_a_habilitation(self):
        organisation = {"application": "organisation", "level": "modification"}
        answer = answered(a_manager(habilitations=()), **organisation)
        assert answer.grant == (a_line(), None)
        assert not answered(a_rattachement(), **organisation).allowed

    @pytest.mark.feature("HAB-20")
    def test_gives_neither_level_with_the_other(self):
        assert answered(a_rattachement(), level="modification").reason == "no-such-profile"
        writes = READ.model_copy(update={"level": "modification"})
        only_writes = a_rattachement(habilitations=(writes,))
        assert answered(only_writes).reason == "no-such-profile"

    @pytest.mark.feature("RAT-01", "RAT-10")
    def test_gives_nothing_to_who_is_not_attached(self):
        assert answered(None).reason == "not-attached"
        assert answered(a_waiting_rattachement()).reason == "not-attached"

    @pytest.mark.feature("RAT-07")
    def test_gives_nothing_outside_the_days_of_a_line(self):
        later = a_rattachement(lines=(a_line(valid_from=TOMORROW),))
        assert answered(later).reason == "attached-later"
        assert answered(later, on=TOMORROW).allowed
        over = a_rattachement(lines=(a_line(valid_from=DAYS[0], valid_until=YESTERDAY),))
        assert answered(over).reason == "attached-no-more"

    @pytest.mark.feature("RAT-19")
    def test_says_that_who_was_detached_is_attached_no_more(self):
        gone = Past(line=a_line(), how="removed", comment="Partie.")
        tie = a_rattachement(role=None, lines=(), habilitations=(), past=(gone,))
        assert answered(tie).reason == "attached-no-more"

    @pytest.mark.feature("RAT-15")
    def test_gives_nothing_on_other_units_nor_on_the_whole_to_who_has_one(self):
        tie = a_rattachement(lines=(a_line("ovens"),))
        assert answered(tie, unit="ovens").grant == (a_line("ovens"), READ)
        assert answered(tie, unit="shop").reason == "not-attached-there"
        assert answered(tie).reason == "not-attached-there"

    def test_gives_a_profile_of_a_unit_there_only(self):
        tie = a_rattachement(habilitations=(READ.model_copy(update={"unit": "ovens"}),))
        assert answered(tie, unit="ovens").allowed
        assert answered(tie, unit="shop").reason == "profile-elsewhere"
        assert answered(tie).reason == "profile-elsewhere"

    def test_gives_a_profile_on_its_days_only(self):
        dated = {"valid_from": TODAY, "valid_until": TODAY}
        tie = a_rattachement(habilitations=(READ.model_copy(update=dated),))
        reasons = [answered(tie, on=day).reason for day in (TODAY, TOMORROW)]
        assert reasons == ["granted", "profile-over"]
        later = {"valid_from": TOMORROW}
        tie = a_rattachement(habilitations=(READ.model_copy(update=later),))
        assert answered(tie).reason == "profile-later"

    def test_gives_nothing_in_a_unit_that_is_over(self):
        assert answered(a_rattachement(), unit="ovens", open=False).reason == "unit-not-open"

    @pytest.mark.feature("ACC-11")
    def test_gives_nothing_to_an_account_that_is_not_active(self):
        assert answered(a_manager(), active=False).reason == "account-not-active"


class TestMayAsk:
    def test_about_oneself(self):
        assert may_ask(None, a_check(), by="u-lea", on=TODAY)

    def test_about_whom_one_administers(self):
        assert may_ask(a_manager(), a_check(), by="u-omar", on=TODAY)
        assert may_ask(a_delegate(), a_check(unit="ovens"), by="u-zoe", on=TODAY)

    def test_about_nobody_else(self):
        assert not may_ask(None, a_check(), by="u-zoe", on=TODAY)
        assert not may_ask(a_rattachement(), a_check(), by="u-zoe", on=TODAY)

    def test_about_nothing_beyond_the_units_one_administers(self):
        zoe = a_delegate("ovens")
        assert may_ask(zoe, a_check(unit="ovens"), by="u-zoe", on=TODAY)
        assert not may_ask(zoe, a_check(unit="shop"), by="u-zoe", on=TODAY)
        assert not may_ask(zoe, a_check(), by="u-zoe", on=TODAY)

    def test_about_nobody_once_ones_own_rights_are_over(self):
        zoe = a_delegate(lines=(a_line(valid_until=YESTERDAY, valid_from=DAYS[0]),))
        assert not may_ask(zoe, a_check(), by="u-zoe", on=TODAY)


def windows() -> st.SearchStrategy[tuple[date, date | None]]:
    first = st.sampled_from(DAYS)
    return st.tuples(first, st.none() | first).filter(lambda one: not one[1] or one[0] <= one[1])


def lines() -> st.SearchStrategy[Line]:
    return st.builds(
        lambda unit, days: Line(unit=unit, valid_from=days[0], valid_until=days[1]),
        st.sampled_from(UNITS),
        windows(),
    )


def habilitations() -> st.SearchStrategy[Habilitation]:
    def dated(profile: tuple[str, Any], unit: str | None, days: Any) -> Habilitation:
        first, last = days or (None, None)
        named = {"application": profile[0], "level": profile[1], "unit": unit}
        return Habilitation(**named, valid_from=first, valid_until=last)

    one = st.none() | windows()
    return st.builds(dated, st.sampled_from(PROFILES), st.sampled_from(UNITS), one)


def ties() -> st.SearchStrategy[Rattachement]:
    return st.builds(
        lambda role, lines, held: a_rattachement(
            role=role if lines else None, lines=tuple(lines), habilitations=tuple(held)
        ),
        st.sampled_from(("user", "principal_manager")),
        st.lists(lines(), max_size=4),
        st.lists(habilitations(), max_size=4),
    )


Square = tuple[date, str | None]


def painted(unit: str | None, first: date | None, last: date | None) -> set[Square]:
    """Each day and place that something of this unit, or of the whole, reaches."""
    places = UNITS if unit is None else (unit,)
    return {
        (day, place) for day in DAYS for place in places if (first or day) <= day <= (last or day)
    }


def naive(tie: Rattachement, profile: tuple[str, str]) -> set[Square]:
    """The days and places where a profile is open: painted twice over, by line and by profile."""
    attached = set[Square]()
    for line in tie.lines:
        attached |= painted(line.unit, line.valid_from, line.valid_until)
    if tie.role == "principal_manager" and profile == PROFILES[0]:
        return attached
    held = set[Square]()
    for one in tie.habilitations:
        if (one.application, one.level) == profile:
            held |= painted(one.unit, one.valid_from, one.valid_until)
    return attached & held


class TestAnyRights:
    @given(ties())
    def test_are_answered_as_the_model_has_them_by_users_and_by_every_copy(self, tie: Rattachement):
        event = rights_of(tie)
        copy = applied(event, applied(event, None).state).state
        assert copy
        for profile in PROFILES:
            model = naive(tie, profile)
            for day in DAYS:
                for unit in UNITS:
                    asked = {"application": profile[0], "level": profile[1]}
                    answer = answered(tie, **asked, unit=unit, on=day)
                    assert answer.allowed == ((day, unit) in model), (day, unit, answer)
                    assert copy.may(*profile, day, unit=unit) == answer.allowed

    @given(ties())
    def test_delegate_where_organisation_modification_is_open(self, tie: Rattachement):
        for day in DAYS:
            administered = entitled.administers(tie, day)
            model = naive(tie, PROFILES[0])
            for unit in UNITS:
                there = None in administered or unit in administered
                assert there == ((day, unit) in model)

    @given(ties(), ties())
    def test_are_those_told_last_whatever_is_repeated(self, one: Rattachement, other: Rattachement):
        first, last = rights_of(one), rights_of(other).model_copy(update={"version": 9})
        copy: Rights | None = None
        for event in (first, last, first, last):
            copy = applied(event, copy).state
        assert copy
        assert (copy.role, copy.lines, copy.habilitations, copy.told) == (
            other.role,
            other.lines,
            other.habilitations,
            9,
        )


def test_management_is_a_profile_of_the_catalogue():
    assert (MANAGE.application, MANAGE.level) == PROFILES[0] == entitled.MANAGEMENT
