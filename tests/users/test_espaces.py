"""Which espaces there are, which a structure has open, and who may open and close them."""

from dataclasses import replace
from datetime import timedelta

import pytest
import yaml

from contracts.users import EspaceClosed, EspaceOpened
from kit.problems import NotFound
from services.users import offer
from services.users.domain.delegation import ManagersOnly, PrincipalManagerOnly
from services.users.domain.espaces import (
    FixedEspace,
    NotASecondaryManager,
    NotForYouToOpen,
    UnknownEspace,
    available,
    choose,
    claim,
    done,
    go_on,
    is_open,
    newcomer,
    standing_in,
    turn,
)
from services.users.domain.rattachements import attach, nothing_yet
from services.users.domain.requests import InactiveStructure
from tests.users.habilitating import a_delegate, the_manager
from tests.users.rattaching import (
    NOW,
    TODAY,
    a_line,
    a_rattachement,
    a_structure,
    an_extent,
)
from tests.users.subscribing import (
    CATALOGUE,
    CONNECTED,
    ISSUED,
    OFFER,
    OPENED,
    RECEIVED,
    a_turn,
    openings,
)

DAY = timedelta(days=1)
FIVE = {
    "accueil-connecte",
    "activites-du-gestionnaire",
    "factures-emises",
    "sollicitations-emises",
    "mon-compte",
}


def attached(role: str):
    """Somebody who has just been attached, where espaces say what that gives."""
    defaults = offer.defaults(OFFER)
    tie = nothing_yet("u-new", "s-bakery")
    return attach(tie, role=role, extent=an_extent(), on=TODAY, defaults=defaults).state


def codes(tie, opened=None, on=TODAY) -> set[str]:
    return {one.code for one in available(OFFER, opened, tie, on)}


def opened(by=None, current=None, structure=None, code=RECEIVED, *, open=True, now=NOW):
    tie = by or the_manager()
    return turn(
        structure or a_structure(),
        current,
        tie,
        code=code,
        open=open,
        offer=OFFER,
        by=tie.user_id,
        now=now,
    )


class TestAvailable:
    @pytest.mark.feature("ESP-02")
    def test_is_the_five_for_a_new_principal_manager(self):
        assert codes(attached("principal_manager")) == FIVE

    @pytest.mark.feature("ESP-03")
    def test_is_the_same_five_for_who_is_delegated_to(self):
        user = attached("user")
        delegate = replace(user, habilitations=(*user.habilitations, *a_delegate().habilitations))

        assert standing_in(delegate, TODAY) == "secondary_manager"
        assert codes(delegate) == FIVE

    @pytest.mark.feature("ESP-04")
    def test_is_the_same_without_the_managers_for_a_new_user(self):
        assert codes(attached("user")) == FIVE - {"activites-du-gestionnaire"}

    @pytest.mark.feature("ESP-01")
    def test_follows_the_role(self):
        manager, user = attached("principal_manager"), attached("user")

        assert codes(manager) > codes(user) > codes(replace(user, habilitations=()))

    @pytest.mark.feature("ESP-11")
    def test_changes_with_the_subscriptions(self):
        user = attached("user")
        more = replace(
            user, habilitations=(*user.habilitations, *OFFER[RECEIVED].on(None, "consultation"))
        )

        assert codes(more, OPENED) - codes(user, OPENED) == {RECEIVED}
        assert RECEIVED not in codes(more, openings(a_turn(open=False)))

    @pytest.mark.feature("ESP-16")
    def test_begins_with_the_first_day_of_a_subscription(self):
        later = OFFER[RECEIVED].on(None, since=TODAY + DAY)
        user = replace(attached("user"), habilitations=later)

        assert RECEIVED not in codes(user, OPENED)
        assert RECEIVED in codes(user, OPENED, TODAY + DAY)

    @pytest.mark.parametrize("tie", [None, a_rattachement(lines=(a_line(valid_from=TODAY + DAY),))])
    def test_is_nothing_where_one_is_not_attached(self, tie):
        assert codes(tie) == set()


class TestOffer:
    def test_has_everything_open_where_applications_say_what_a_rattachement_gives(self):
        assert all(one.open for one in offer.read(CATALOGUE, "applications").values())

    def test_has_open_what_is_given_where_espaces_say_it(self):
        assert {one.code for one in OFFER.values() if one.open} == FIVE

    def test_knows_the_applications_of_the_catalogue_alone(self, tmp_path):
        written = tmp_path / "espaces.yaml"
        written.write_text(yaml.safe_dump({"x": {"name": "X", "applications": ["no-such"]}}))

        with pytest.raises(ValueError, match="no-such"):
            offer.read(CATALOGUE, "espaces", str(written))

    def test_has_an_application_in_one_espace_alone(self, tmp_path):
        written = tmp_path / "espaces.yaml"
        one = {"name": "X", "applications": ["signature"]}
        written.write_text(yaml.safe_dump({"x": one, "y": one}))

        with pytest.raises(ValueError, match="signature"):
            offer.read(CATALOGUE, "espaces", str(written))


class TestTurn:
    @pytest.mark.feature("ESP-05")
    def test_opens_an_espace_and_wakes_who_asks_everybody(self):
        changed = opened()

        assert is_open(OFFER[RECEIVED], changed.state)
        assert changed.state.wake_at == NOW
        assert changed.events == (
            EspaceOpened(
                structure_id="s-bakery", espace=RECEIVED, opened_by="u-omar", opened_at=NOW
            ),
        )

    @pytest.mark.feature("ESP-06")
    def test_closes_one_that_is_open_from_the_start(self):
        changed = opened(code=ISSUED, open=False)

        assert not is_open(OFFER[ISSUED], changed.state)
        assert changed.state.wake_at == NOW
        assert [type(one) for one in changed.events] == [EspaceClosed]

    def test_changes_nothing_when_it_is_so_already(self):
        assert opened(current=OPENED) == opened(current=OPENED)
        assert opened(current=OPENED).state is OPENED
        assert opened(code=ISSUED).state is None

    def test_is_counted_for_the_structure(self):
        state = opened(current=OPENED, code=CONNECTED).state
        state = opened(current=state, open=False).state

        assert {(one.espace, one.number) for one in state.turns} == {(CONNECTED, 2), (RECEIVED, 3)}

    @pytest.mark.feature("ESP-07")
    def test_is_a_secondary_managers_as_the_principal_one_chose(self):
        [turned] = opened(by=a_delegate()).state.turns
        assert (turned.by, turned.principal) == ("u-ada", False)
        assert opened().state.turns[0].principal
        with pytest.raises(NotForYouToOpen):
            opened(by=a_delegate(may_configure=False))

    @pytest.mark.feature("ESP-08")
    @pytest.mark.parametrize("open", [True, False])
    def test_is_nothing_for_a_simple_user(self, open):
        with pytest.raises(NotForYouToOpen):
            opened(by=a_rattachement(), code=ISSUED, open=open)

    def test_is_nothing_for_whom_the_management_is_delegated_to_no_more(self):
        ended = tuple(
            one.model_copy(update={"valid_until": TODAY - DAY})
            for one in a_delegate().habilitations
        )

        with pytest.raises(NotForYouToOpen):
            opened(by=a_delegate(*ended))

    def test_is_only_of_what_there_is(self):
        with pytest.raises(UnknownEspace):
            opened(code="no-such")
        with pytest.raises(FixedEspace):
            opened(code="mon-compte", open=False)

    def test_opens_nothing_in_a_structure_that_is_not_active(self):
        asleep = a_structure(status="inactive")

        with pytest.raises(InactiveStructure):
            opened(structure=asleep)
        assert opened(structure=asleep, code=ISSUED, open=False).events

    def test_says_nothing_of_a_structure_to_whom_it_does_not_concern(self):
        with pytest.raises(NotFound):
            opened(by=a_rattachement(role=None, lines=()))


class TestChoose:
    @pytest.mark.feature("ESP-07")
    def test_says_how_a_secondary_manager_acts(self):
        as_user = choose(a_structure(), the_manager(), a_delegate(), configures=False, now=NOW)
        as_manager = choose(a_structure(), the_manager(), as_user.state, configures=True, now=NOW)

        assert not as_user.state.may_configure
        assert as_manager.state == a_delegate()

    @pytest.mark.feature("ESP-07")
    def test_is_the_principal_managers_alone(self):
        with pytest.raises(PrincipalManagerOnly):
            choose(a_structure(), a_delegate(), a_delegate(), configures=True, now=NOW)
        with pytest.raises(ManagersOnly):
            choose(a_structure(), a_rattachement(), a_delegate(), configures=True, now=NOW)

    @pytest.mark.parametrize("other", [None, a_rattachement(), the_manager()])
    def test_is_about_a_secondary_manager_alone(self, other):
        with pytest.raises(NotASecondaryManager):
            choose(a_structure(), the_manager(), other, configures=False, now=NOW)


class TestAtWork:
    def test_is_claimed_for_a_while_and_once(self):
        claimed = claim(OPENED, NOW).state

        assert claimed.wake_at > NOW
        assert claim(claimed, NOW).state is claimed

    def test_ends_when_nothing_has_come_between(self):
        begun = replace(OPENED, version=7)

        ended = done(begun, begun, now=NOW).state

        assert (ended.wake_at, ended.listed) == (None, 1)
        assert done(begun, ended, now=NOW).state is ended

    @pytest.mark.feature("ESP-05")
    def test_begins_anew_after_another_turn_or_a_newcomer(self):
        begun = replace(OPENED, version=7)
        tie = a_rattachement(in_line=0)
        came = replace(newcomer(begun, tie, now=NOW).state, version=8)

        assert done(begun, came, now=NOW + DAY).state.wake_at == NOW + DAY

    @pytest.mark.feature("ESP-05")
    def test_is_woken_by_a_newcomer_alone(self):
        idle = openings(a_turn(), wake_at=None, listed=1)

        assert newcomer(idle, a_rattachement(), now=NOW).state.wake_at == NOW
        for known in (a_rattachement(in_line=1), a_rattachement(role=None, lines=()), None):
            assert newcomer(idle, known, now=NOW).state is idle
        assert newcomer(None, a_rattachement(), now=NOW).state is None

    def test_goes_on_for_as_long_as_it_takes(self):
        assert go_on(OPENED, NOW + DAY).state.wake_at > NOW + DAY
