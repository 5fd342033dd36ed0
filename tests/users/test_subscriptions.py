"""Asking for subscriptions to espaces, and giving them up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.structures import DEFAULT_UNIT
from contracts.users import HabilitationsRequested
from services.users.domain.espaces import FixedEspace
from services.users.domain.habilitation_requests import AlreadyAsked, NotAttached, settle
from services.users.domain.rattachements import MOST, TooManyRights
from services.users.domain.requests import InactiveStructure, UnknownStructure, WrongDates
from services.users.domain.subscriptions import (
    AlreadySubscribed,
    EspaceNotOpened,
    NoSuchEspace,
    NotSubscribed,
    NotYourUnits,
    Subscription,
    ask,
    end,
    request_id,
)
from tests.users.habilitating import MANAGES, a_place, a_profile, a_submit, the_manager
from tests.users.rattaching import (
    LATER,
    TODAY,
    a_decision,
    a_known_unit,
    a_line,
    a_rattachement,
)
from tests.users.subscribing import (
    BOTH,
    CONNECTED,
    ISSUED,
    OFFER,
    OPENED,
    RECEIVED,
    a_turn,
    both_of,
    openings,
    tick,
    wanted,
)

DAY = timedelta(days=1)
UNITS = (a_known_unit("ovens"), a_known_unit("shop"))


def asked(what=None, of=None, opened=OPENED, place=None, known=None):
    """Lea's, unless said otherwise: the changes of her rattachement, the requests, the history."""
    what, tie = what or wanted(), of or a_rattachement(habilitations=())
    return ask(
        opened,
        tie,
        known or [(None, None)] * len(what.espaces),
        place or a_place(*UNITS),
        wanted=what,
        offer=OFFER,
        submitted=a_submit(tie.user_id),
    )


def ended(*subscriptions, of, entry=None):
    numbered = tuple(enumerate(subscriptions))
    return end(of, entry, numbered, offer=OFFER, submitted=a_submit(of.user_id))


def pointer(refusal) -> str:
    return refusal.value.members["errors"][0]["pointer"]


class TestAsk:
    @pytest.mark.feature("ESP-12", "ESP-13")
    def test_puts_a_request_to_those_who_decide(self):
        tie, [request], _ = asked(wanted(comment="Pour la paie."))

        [event] = request.events
        assert isinstance(event, HabilitationsRequested)
        assert event.given == both_of(valid_from=TODAY)
        assert (event.units, event.comment, event.list_id) == ((), "Pour la paie.", None)
        assert (request.state.espace, request.state.status) == (RECEIVED, "requested")
        assert tie.state.habilitations == ()
        assert not tie.events

    @pytest.mark.feature("ESP-12")
    def test_of_several_espaces_is_as_many_requests(self):
        tie, requests, _ = asked(wanted(RECEIVED, ISSUED))

        assert [one.state.espace for one in requests] == [RECEIVED, ISSUED]
        assert len({one.state.id for one in requests}) == 2
        assert len(tie.state.pending_changes) == 2

    @pytest.mark.feature("ESP-12")
    def test_of_several_espaces_is_all_or_none(self):
        with pytest.raises(EspaceNotOpened) as refusal:
            asked(wanted(RECEIVED, CONNECTED))

        assert pointer(refusal) == "/body/espaces/1"

    def test_of_more_than_could_be_told_is_refused(self):
        many = tuple(a_profile(unit=f"u-{nth}") for nth in range(MOST - 1))

        with pytest.raises(TooManyRights) as refusal:
            asked(wanted(), of=a_rattachement(habilitations=many))

        assert pointer(refusal) == "/body/espaces/0"

    @pytest.mark.feature("ESP-14")
    @pytest.mark.parametrize("levels", [("consultation",), ("modification",), BOTH])
    def test_is_for_the_levels_ticked(self, levels):
        _, [request], _ = asked(wanted(on=(tick(None, *levels),)))

        assert [one.level for one in request.state.given] == [*levels]

    @pytest.mark.feature("ESP-14")
    def test_is_for_each_unit_as_ticked(self):
        on = (tick("ovens", "consultation"), tick("shop", "modification"))
        _, [request], _ = asked(wanted(on=on))

        given = [(one.unit, one.level) for one in request.state.given]
        assert given == [("ovens", "consultation"), ("shop", "modification")]
        assert request.events[0].units == ("ovens", "shop")

    def test_of_an_espace_of_several_applications_is_for_all_that_have_the_level(self):
        opened = openings(a_turn(CONNECTED))
        _, [read], _ = asked(wanted(CONNECTED, on=(tick(None, "consultation"),)), opened=opened)
        _, [write], _ = asked(wanted(CONNECTED, on=(tick(None, "modification"),)), opened=opened)

        assert {one.application for one in read.state.given} == {CONNECTED, "suivi-des-flux"}
        assert {one.application for one in write.state.given} == {CONNECTED}

    @pytest.mark.feature("ESP-15")
    @pytest.mark.parametrize("unit", [None, DEFAULT_UNIT])
    def test_of_the_default_unit_is_for_the_whole_structure(self, unit):
        _, [request], _ = asked(wanted(on=(tick(unit),)), place=a_place(kind="public"))

        assert {one.unit for one in request.state.given} == {None}

    @pytest.mark.feature("ESP-15")
    def test_of_the_default_unit_is_no_more_than_that_for_who_has_that_alone(self):
        tie = a_rattachement(habilitations=(), lines=(a_line(DEFAULT_UNIT),))
        what = wanted(on=(tick(DEFAULT_UNIT),))
        _, [request], _ = asked(what, of=tie, place=a_place(kind="public"))

        assert {one.unit for one in request.state.given} == {DEFAULT_UNIT}

    @pytest.mark.feature("ESP-17")
    @pytest.mark.parametrize(
        ("unit", "lines"),
        [
            ("shop", (a_line("ovens"),)),
            (None, (a_line("ovens"),)),
            ("no-such", (a_line("ovens"),)),
            ("no-such", (a_line(),)),
            (DEFAULT_UNIT, (a_line(),)),
        ],
        ids=["another", "the whole", "unknown", "unknown to the whole", "of a private structure"],
    )
    def test_is_refused_for_what_one_is_not_attached_to(self, unit, lines):
        tie = a_rattachement(habilitations=(), lines=lines)

        with pytest.raises(NotYourUnits) as refusal:
            asked(wanted(on=(tick("ovens"), tick(unit))), of=tie)

        assert pointer(refusal) == "/body/units/1/unit"

    @pytest.mark.feature("ESP-17")
    def test_is_refused_for_a_unit_that_is_over(self):
        with pytest.raises(NotYourUnits):
            asked(wanted(on=(tick("ovens"),)), place=a_place(a_known_unit("ovens", over=True)))

    @pytest.mark.feature("ESP-16")
    def test_is_for_the_days_from_its_date_on(self):
        _, [request], _ = asked(wanted(valid_from=TODAY + DAY))

        assert {one.valid_from for one in request.state.given} == {TODAY + DAY}

    @pytest.mark.feature("ESP-16")
    @pytest.mark.parametrize("days", [-1, 6 * 366])
    def test_is_refused_for_days_that_cannot_be(self, days):
        with pytest.raises(WrongDates) as refusal:
            asked(wanted(valid_from=TODAY + days * DAY))

        assert pointer(refusal) == "/body/valid_from"

    @pytest.mark.feature("ESP-21")
    @pytest.mark.parametrize("opened", [None, openings(a_turn(open=False))])
    def test_is_refused_while_the_structure_has_not_opened_it(self, opened):
        with pytest.raises(EspaceNotOpened):
            asked(opened=opened)

        assert asked(opened=OPENED)

    def test_is_refused_for_what_there_is_not(self):
        with pytest.raises(NoSuchEspace):
            asked(wanted("no-such"))
        with pytest.raises(FixedEspace):
            asked(wanted("mon-compte"))

    def test_is_refused_where_one_is_not_attached(self):
        stranger, hidden = a_rattachement(role=None, lines=()), a_place(discreet=True)

        with pytest.raises(NotAttached):
            asked(of=stranger)
        with pytest.raises(UnknownStructure):
            asked(of=stranger, place=hidden)
        with pytest.raises(InactiveStructure):
            asked(place=a_place(status="inactive"))

    @pytest.mark.feature("ESP-18")
    def test_is_refused_for_what_one_is_subscribed_to(self):
        with pytest.raises(AlreadySubscribed) as refusal:
            asked(of=a_rattachement(habilitations=both_of()))

        assert pointer(refusal) == "/body/espaces/0"

    @pytest.mark.feature("ESP-18")
    def test_is_refused_while_the_same_waits(self):
        waiting = asked()[0].state

        with pytest.raises(AlreadyAsked):
            asked(of=waiting)

    def test_asks_for_what_is_not_held_alone(self):
        read, write = both_of()
        _, [request], _ = asked(of=a_rattachement(habilitations=(read,)))

        assert request.state.given == (write.model_copy(update={"valid_from": TODAY}),)

    def test_asks_for_what_ends_to_be_continued(self):
        few = tuple(one.model_copy(update={"valid_until": TODAY + DAY}) for one in both_of())
        _, [request], _ = asked(of=a_rattachement(habilitations=few))

        assert request.state.taken == few
        assert request.state.given == both_of()

    def test_sent_again_is_asked_once(self):
        tie, [request], _ = asked()

        again = asked(of=tie.state, known=[(request.state, None)])

        assert again[0].state == tie.state
        assert again[1][0].state is request.state
        assert not again[1][0].events

    def test_of_a_principal_manager_is_granted_and_recorded(self):
        tie, requests, entries = asked(wanted(RECEIVED, ISSUED), of=the_manager())

        given = {*both_of(valid_from=TODAY), *both_of(ISSUED, valid_from=TODAY)}
        assert {*tie.state.habilitations} == {MANAGES} | given
        [rights] = tie.events
        assert {*rights.habilitations} == {MANAGES} | given
        assert {one.state.status for one in requests} == {"granted"}
        assert not any(one.events for one in requests)
        assert {one.state.cause for one in entries} == {"own"}


class TestSettle:
    def settled(self, *, is_open: bool = True, **but):
        tie, [request], _ = asked()
        id = request_id("h-1", RECEIVED)
        return settle(
            a_decision(**{"approval_id": id, "subject_id": id, "kind": "habilitation"} | but),
            request.state,
            tie.state,
            the_manager(),
            None,
            requester_active=True,
            espace_open=is_open,
            submitted=a_submit(at=LATER),
        )

    @pytest.mark.feature("ESP-10", "ESP-18")
    def test_gives_what_was_approved(self):
        request, tie, _ = self.settled()

        assert request.state.status == "granted"
        assert tie.state.habilitations == both_of(valid_from=TODAY)
        assert tie.state.pending_changes == ()

    @pytest.mark.feature("ESP-10", "ESP-18")
    def test_gives_nothing_of_what_was_refused(self):
        request, tie, _ = self.settled(verdict="refused", reason="Non.")

        assert (request.state.status, request.state.reason) == ("refused", "Non.")
        assert tie.state.habilitations == ()

    @pytest.mark.feature("ESP-06")
    def test_gives_nothing_of_an_espace_closed_since(self):
        request, tie, _ = self.settled(is_open=False)

        assert request.state.status == "not_applied"
        assert tie.state.habilitations == ()


class TestEnd:
    HELD = (*both_of(), *both_of(ISSUED), *both_of(RECEIVED, unit="ovens"))

    @pytest.mark.feature("ESP-19")
    def test_takes_one_level_of_one_espace(self):
        tie = a_rattachement(habilitations=self.HELD)
        changed, noted = ended(Subscription(espace=RECEIVED, level="modification"), of=tie)

        gone = both_of()[1]
        assert changed.state.habilitations == tuple(one for one in self.HELD if one != gone)
        assert changed.events[0].habilitations == changed.state.habilitations
        assert (noted.state.taken, noted.state.cause) == ((gone,), "own")

    @pytest.mark.feature("ESP-20")
    def test_takes_several_at_once(self):
        tie = a_rattachement(habilitations=self.HELD)
        changed, _ = ended(
            Subscription(espace=RECEIVED, level="consultation"),
            Subscription(espace=ISSUED, level="modification"),
            Subscription(espace=RECEIVED, level="consultation", unit="ovens"),
            of=tie,
        )

        assert len(changed.state.habilitations) == 3
        assert len(changed.events) == 1

    @pytest.mark.feature("ESP-20")
    def test_takes_all_or_none(self):
        tie = a_rattachement(habilitations=self.HELD)

        with pytest.raises(NotSubscribed) as refusal:
            ended(
                Subscription(espace=RECEIVED, level="consultation"),
                Subscription(espace=CONNECTED, level="consultation"),
                of=tie,
            )

        assert pointer(refusal) == "/body/subscriptions/1"

    @pytest.mark.parametrize("unit", ["ovens", "shop"])
    def test_takes_exactly_what_is_named(self, unit):
        with pytest.raises(NotSubscribed):
            ended(
                Subscription(espace=RECEIVED, level="consultation", unit=unit),
                of=a_rattachement(habilitations=both_of()),
            )

    def test_leaves_what_comes_with_a_role(self):
        with pytest.raises(FixedEspace):
            ended(
                Subscription(espace="activites-du-gestionnaire", level="modification"),
                of=the_manager(),
            )

    def test_sent_again_takes_no_more(self):
        tie = a_rattachement(habilitations=self.HELD)
        one = Subscription(espace=RECEIVED, level="consultation")
        changed, noted = ended(one, of=tie)

        again, _ = ended(one, of=replace(changed.state), entry=noted.state)

        assert again.state == changed.state
