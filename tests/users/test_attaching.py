"""How managers attach users, whatever they hold already."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import RattachementMade, RightsChanged
from kit.change import Change
from kit.problems import NotFound
from services.users.domain.actions import Action
from services.users.domain.attaching import NotYourself, give, judge, noted, reached
from services.users.domain.delegation import ManagersOnly, OutsideYourUnits, gives
from services.users.domain.logins import Login
from services.users.domain.rattachements import left_with
from services.users.domain.requests import InactiveStructure, UnknownUnits, WrongDates
from tests.users.people import an_account
from tests.users.rattaching import (
    DEFAULTS,
    NOW,
    READ,
    TODAY,
    a_delegate,
    a_gift,
    a_known_unit,
    a_line,
    a_manager,
    a_rattachement,
    a_request,
    a_structure,
    an_extent,
)

YESTERDAY = TODAY - timedelta(days=1)


def judged(acting: Any, structure: Any = None, *units: Any, **but: Any) -> Any:
    user_id = but.pop("user_id", "u-lea")
    place = structure or a_structure()
    return judge(a_gift(**but), acting, place, units, user_id=user_id, today=TODAY)


def gave(tie: Any = None, request: Any = None, **but: Any) -> Any:
    own = gives(but.pop("giver", a_manager()), TODAY)
    return give(
        a_gift(**but),
        a_structure(),
        request,
        tie,
        user_id="u-lea",
        on=TODAY,
        defaults=DEFAULTS,
        own=own,
    )


class TestJudge:
    @pytest.mark.feature("RAT-12")
    @pytest.mark.parametrize("acting", [a_manager(), a_delegate()])
    def test_lets_those_who_administer_the_structure(self, acting):
        assert judged(acting) == a_structure()

    @pytest.mark.feature("RAT-12")
    @pytest.mark.parametrize(
        ("acting", "refusal"),
        [
            (None, NotFound),
            (a_manager(role=None, lines=(), habilitations=()), NotFound),
            (a_manager(lines=(a_line(valid_until=YESTERDAY),)), NotFound),
            (a_rattachement(), ManagersOnly),
        ],
        ids=["stranger", "gone", "ended", "mere user"],
    )
    def test_refuses_all_others(self, acting, refusal):
        with pytest.raises(refusal):
            judged(acting)

    @pytest.mark.feature("RAT-15")
    def test_keeps_a_manager_of_units_within_them(self):
        ovens = a_known_unit()
        judged(a_delegate("ovens"), None, ovens, extent=an_extent(units=("ovens",)))

        with pytest.raises(OutsideYourUnits):
            judged(a_delegate("ovens"))
        both = an_extent(units=("ovens", "tills"))
        with pytest.raises(OutsideYourUnits):
            judged(a_delegate("ovens"), None, ovens, a_known_unit("tills"), extent=both)

    @pytest.mark.feature("RAT-16")
    def test_knows_no_unit_of_a_structure_that_has_none(self):
        with pytest.raises(UnknownUnits):
            judged(a_manager(), None, None, extent=an_extent(units=("ovens",)))

    def test_gives_nothing_in_an_inactive_structure(self):
        with pytest.raises(InactiveStructure):
            judged(a_manager(), a_structure(status="inactive"))

    @pytest.mark.feature("RAT-07")
    def test_refuses_impossible_dates(self):
        with pytest.raises(WrongDates):
            judged(a_manager(), extent=an_extent(valid_until=YESTERDAY))

    def test_lets_nobody_attach_themselves(self):
        with pytest.raises(NotYourself):
            judged(a_manager(), user_id="u-omar")


class TestReached:
    @pytest.mark.parametrize(
        ("status", "how"),
        [("active", "attached"), ("pending", "invited"), ("deactivated", None), ("erased", None)],
    )
    def test_is_whoever_can_sign_in_or_be_invited_to(self, status: Any, how: str | None):
        login = Login(id="l-lea", user_id="u-lea")
        assert reached(login, an_account(status=status), user_id="u-lea") == how

    def test_is_nobody_once_the_address_is_somebody_elses(self):
        login = Login(id="l-lea", user_id="u-eve")
        assert reached(login, an_account(), user_id="u-lea") is None

    def test_is_a_new_account_where_there_is_none(self):
        assert reached(None, None, user_id="u-lea") == "invited"


class TestGive:
    @pytest.mark.feature("RAT-12")
    def test_attaches_without_an_approval(self):
        request, tie = gave()

        assert tie.state.role == "user"
        assert tie.state.lines == (a_line(),)
        assert tie.state.habilitations == (READ,)
        rights, made = tie.events
        assert isinstance(rights, RightsChanged)
        assert made == RattachementMade(
            rattachement_id="u-lea:s-bakery",
            user_id="u-lea",
            structure_id="s-bakery",
            structure_name="Boulangerie du Port",
            valid_from=TODAY,
            made_by="u-omar",
            made_at=NOW,
        )
        assert request == Change(a_request(id="g-1", status="granted", decided_at=NOW))

    def test_changes_nothing_when_repeated(self):
        states = [change.state for change in gave()]

        assert gave(states[1], states[0]) == (Change(states[0]), Change(states[1]))

    @pytest.mark.feature("RAT-11")
    @pytest.mark.feature("RAT-11")
    def test_is_not_done_again_for_whoever_was_detached_since(self):
        """The same gift may come again, of an import that was killed: it was given once."""
        granted, _ = gave()
        gone = a_rattachement(role=None, lines=(), habilitations=())

        assert gave(gone, granted.state) == (Change(granted.state), Change(gone))

    def test_changes_nothing_for_whoever_has_it_all(self):
        assert gave(a_rattachement(), id="g-2") == (Change(None), Change(a_rattachement()))
        assert gave(a_manager(), id="g-2")[1] == Change(a_manager())

    @pytest.mark.feature("RAT-15")
    def test_adds_a_unit_to_those_one_has(self):
        ovens = a_rattachement(lines=(a_line("ovens"),), habilitations=())

        _, tie = gave(ovens, extent=an_extent(units=("tills",)))

        assert tie.state.lines == (a_line("ovens"), a_line("tills"))
        assert [one.unit for one in tie.state.habilitations] == ["tills"]

    @pytest.mark.feature("HAB-05")
    def test_by_a_delegate_gives_what_they_hold_and_says_that_some_is_left_out(self):
        _, tie = gave(giver=a_delegate())

        assert tie.state.habilitations == ()
        assert tie.events[-1].left_out

    @pytest.mark.feature("HAB-05")
    def test_anew_by_a_delegate_is_no_way_to_more(self):
        gone = left_with(a_rattachement(), (), how="removed")

        assert gave(gone, giver=a_delegate())[1].state.habilitations == ()

    def test_leaves_a_principal_manager_what_he_is(self):
        limited = a_manager(lines=(a_line(valid_until=TODAY),))

        assert gave(limited)[1].state.role == "principal_manager"

    @given(st.lists(st.sampled_from([(), ("ovens",), ("tills",), ("ovens", "tills")]), max_size=6))
    def test_never_takes_anything_away(self, gifts):
        tie = None
        for nth, units in enumerate(gifts):
            before = tie
            _, change = gave(tie, id=f"g-{nth}", extent=an_extent(units=units))
            tie = change.state
            had = {line.unit for line in before.lines} if before else set()
            has = {line.unit for line in tie.lines}
            assert has >= had or None in has


class TestNoted:
    def test_is_shown_once_and_only_if_it_gave_something(self):
        _, tie = gave()
        kept = noted(a_gift(), tie, None).state

        assert kept == Action(
            id="g-1",
            structure_id="s-bakery",
            user_id="u-lea",
            done="attached",
            valid_from=TODAY,
            by="u-omar",
            at=NOW,
        )
        assert noted(a_gift(), tie, kept) == Change(kept)
        assert noted(a_gift(), Change(replace(tie.state)), None) == Change(None)
