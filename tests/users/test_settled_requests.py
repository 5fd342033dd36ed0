"""What becomes of a request once somebody has decided on it, or its unit is no more."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.users import (
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RightsChanged,
)
from kit.change import Change
from services.users.domain.rattachements import MOST, TooManyRights
from services.users.domain.requests import (
    Changes,
    unit_ended,
)
from tests.users.rattaching import (
    LATER,
    MANAGE,
    READ,
    TODAY,
    a_decision,
    a_delegate,
    a_known_unit,
    a_line,
    a_rattachement,
    a_request,
    a_structure,
    a_waiting_rattachement,
    an_extent,
)
from tests.users.requesting import asked, pointer, settled

TOMORROW = TODAY + timedelta(days=1)


class TestSettle:
    @pytest.mark.feature("APP-19", "RAT-10")
    def test_attaches_whoever_is_approved(self):
        request, rattachement = settled(
            a_decision(), a_request(), a_waiting_rattachement(), a_structure()
        )

        assert request.state == a_request(status="granted", decided_at=LATER)
        assert rattachement.state == a_rattachement(version=1, noted=LATER.date())
        [granted] = request.events
        assert granted == RattachementGranted(
            request_id="r-1",
            user_id="u-lea",
            structure_id="s-bakery",
            structure_name="Boulangerie du Port",
            valid_from=TODAY,
            granted_at=LATER,
        )

    @pytest.mark.feature("HAB-04")
    def test_tells_all_that_the_user_may_now_do(self):
        _, rattachement = settled(
            a_decision(), a_request(), a_waiting_rattachement(version=4), a_structure()
        )

        assert rattachement.events == (
            RightsChanged(
                rattachement_id="u-lea:s-bakery",
                user_id="u-lea",
                structure_id="s-bakery",
                role="user",
                lines=(a_line(),),
                habilitations=(READ,),
                valid_from=TODAY,
                version=5,
            ),
        )

    def test_gives_no_more_than_the_units_asked_for(self):
        request = a_request(extent=an_extent(units=("ovens", "tills")))

        _, rattachement = settled(a_decision(), request, a_waiting_rattachement(), a_structure())

        [rights] = rattachement.events
        assert isinstance(rights, RightsChanged)
        assert [one.unit for one in rights.lines] == ["ovens", "tills"]
        assert [one.unit for one in rights.habilitations] == ["ovens", "tills"]

    @pytest.mark.feature("APP-19")
    def test_tells_the_reason_of_a_refusal(self):
        request, rattachement = settled(
            a_decision(verdict="refused", reason="Inconnue ici."),
            a_request(),
            a_waiting_rattachement(),
            a_structure(),
        )

        assert request.state == a_request(
            status="refused", reason="Inconnue ici.", decided_by="u-omar", decided_at=LATER
        )
        assert request.events == (
            RattachementRefused(
                request_id="r-1",
                user_id="u-lea",
                structure_id="s-bakery",
                structure_name="Boulangerie du Port",
                reason="Inconnue ici.",
                refused_at=LATER,
                decided_by="u-omar",
            ),
        )
        assert rattachement == Change(a_waiting_rattachement(pending_request_id=None))

    @pytest.mark.feature("APP-21")
    @pytest.mark.parametrize(
        ("structure", "active", "until"),
        [
            (a_structure(status="inactive"), True, None),
            (a_structure(), False, None),
            (a_structure(), True, TOMORROW),
        ],
    )
    def test_says_why_an_approval_can_no_longer_be_applied(self, structure, active, until):
        request, rattachement = settled(
            a_decision(),
            a_request(extent=an_extent(valid_until=until)),
            a_waiting_rattachement(),
            structure,
            requester_active=active,
        )

        [event] = request.events
        assert isinstance(event, RattachementNotApplied)
        assert request.state is not None
        assert request.state.status == "not_applied"
        assert event.reason == request.state.reason != ""
        assert rattachement == Change(a_waiting_rattachement(pending_request_id=None))

    def test_refuses_even_what_could_no_longer_be_applied(self):
        request, _ = settled(
            a_decision(verdict="refused", reason="Non."),
            a_request(),
            a_waiting_rattachement(),
            a_structure(status="inactive"),
        )

        assert isinstance(request.events[0], RattachementRefused)

    @pytest.mark.feature("APP-20")
    @pytest.mark.parametrize("verdict", ["approved", "refused"])
    @pytest.mark.parametrize("status", ["granted", "refused", "not_applied"])
    def test_changes_nothing_once_settled(self, status, verdict):
        request, tie = a_request(status=status), a_rattachement()

        changes = settled(a_decision(verdict=verdict), request, tie, a_structure())

        assert changes == (Change(request), Change(tie))

    @pytest.mark.parametrize("but", [{"requester_id": "u-zoe"}, {"structure_id": "s-garage"}])
    def test_changes_nothing_for_a_decision_about_somebody_else(self, but):
        request, tie = a_request(), a_waiting_rattachement()

        changes = settled(a_decision(**but), request, tie, a_structure())

        assert changes == (Change(request), Change(tie))

    def test_changes_nothing_for_a_request_nobody_made(self):
        assert settled(a_decision(), None, None, None) == (Change(None), Change(None))

    def test_extends_what_stands_and_keeps_its_habilitations(self):
        tie = a_rattachement(
            lines=(a_line(valid_until=date(2026, 6, 30)),),
            habilitations=(),
            pending_request_id="r-1",
        )
        request = a_request(extent=an_extent(valid_from=date(2026, 7, 1)))

        _, rattachement = settled(a_decision(), request, tie, a_structure())

        assert rattachement.state == replace(
            tie, lines=(a_line(),), pending_request_id=None, noted=LATER.date()
        )

    def test_leaves_a_principal_manager_what_he_is(self):
        tie = a_rattachement(
            role="principal_manager", habilitations=(MANAGE, READ), pending_request_id="r-1"
        )

        _, rattachement = settled(a_decision(), a_request(), tie, a_structure())

        assert rattachement.state == replace(tie, pending_request_id=None, noted=LATER.date())

    def test_keeps_the_withdrawal_of_the_right_to_approve(self):
        tie = a_waiting_rattachement(may_approve=False)

        _, rattachement = settled(a_decision(), a_request(), tie, a_structure())

        [rights] = rattachement.events
        assert isinstance(rights, RightsChanged)
        assert not rights.may_approve


class TestUnitEnded:
    @pytest.mark.feature("SRV-04", "APP-21")
    def test_leaves_an_approval_that_can_no_longer_be_applied(self):
        waiting = a_request(extent=an_extent(units=("ovens", "tills")))

        noted = unit_ended(waiting, "tills")

        assert noted == Change(replace(waiting, ended_unit="tills"))
        request, rattachement = settled(
            a_decision(), noted.state, a_waiting_rattachement(), a_structure()
        )
        [event] = request.events
        assert isinstance(event, RattachementNotApplied)
        assert event.reason == "Le service tills n'est plus actif."
        assert rattachement == Change(a_waiting_rattachement(pending_request_id=None))

    @pytest.mark.parametrize(
        "request_",
        [
            None,
            a_request(),
            a_request(extent=an_extent(units=("ovens",))),
            a_request(extent=an_extent(units=("tills",)), ended_unit="tills"),
            a_request(extent=an_extent(units=("tills",)), status="granted"),
            a_request(extent=an_extent(units=("tills",)), status="refused"),
        ],
        ids=["none", "the whole", "another unit", "noted already", "granted", "refused"],
    )
    def test_says_nothing_to_others(self, request_):
        assert unit_ended(request_, "tills") == Change(request_)


class TestWhoeverDecided:
    """Nobody gives by an approval what they could not give otherwise."""

    def settled_by(self, decider: Any, **asked: Any) -> Changes:
        request = a_request(**asked)
        return settled(
            a_decision(decided_by="u-zoe"),
            request,
            a_waiting_rattachement(),
            a_structure(),
            decider=decider,
        )

    @pytest.mark.feature("RAT-09", "HAB-05")
    def test_gives_the_defaults_that_they_hold(self):
        request, tie = self.settled_by(a_delegate())
        held, _ = self.settled_by(a_delegate(habilitations=(MANAGE, READ)))

        assert tie.state.habilitations == ()
        assert request.events[0].left_out
        assert not held.events[0].left_out

    @pytest.mark.feature("HAB-05")
    @pytest.mark.parametrize(
        "decider",
        [None, a_rattachement(), a_delegate("ovens"), a_delegate(may_approve=False)],
        ids=["nobody", "a user", "of a unit", "decides no more"],
    )
    def test_gives_nothing_where_they_may_not_decide(self, decider: Any):
        request, tie = self.settled_by(decider)

        [told] = request.events
        assert isinstance(told, RattachementNotApplied)
        assert told.reason.startswith("La personne qui a accepté votre demande ne peut pas")
        assert tie == Change(a_waiting_rattachement(pending_request_id=None))


class TestTheDesk:
    @pytest.mark.feature("APP-16")
    def test_gives_what_a_principal_manager_would(self):
        decided = a_decision(decided_by="u-ops", by_desk=True)

        request, tie = settled(
            decided, a_request(), a_waiting_rattachement(), a_structure(), decider=None
        )

        assert isinstance(request.events[0], RattachementGranted)
        assert not request.events[0].left_out
        assert tie.state.habilitations


class TestTooManyRights:
    UNITS = tuple(f"u-{nth:03}" for nth in range(MOST // 2 + 1))

    def test_are_not_asked_for(self):
        known = [a_known_unit(code) for code in self.UNITS]

        with pytest.raises(TooManyRights) as refusal:
            asked(a_structure(), None, None, *known, extent=an_extent(units=self.UNITS))

        assert pointer(refusal.value) == "/body/units"

    def test_are_not_given_by_an_approval_and_its_requester_is_told(self):
        many = a_request(extent=an_extent(units=self.UNITS))

        request, tie = settled(a_decision(), many, a_waiting_rattachement(), a_structure())

        [told] = request.events
        assert isinstance(told, RattachementNotApplied)
        assert told.reason.startswith("Ce serait trop de services")
        assert tie.state.pending_request_id is None
