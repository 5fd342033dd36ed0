"""How a rattachement is asked for, and what becomes of the request."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalDecided, ApprovalExpired, ApprovalWithdrawn
from contracts.structures import DEFAULT_UNIT
from contracts.users import (
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RattachementRequested,
    RattachementRequestExpired,
    RightsChanged,
)
from kit.change import Change
from kit.problems import Problem
from services.users.domain.rattachements import MOST, TooManyRights
from services.users.domain.requests import (
    AlreadyAttached,
    AlreadyRequested,
    Changes,
    InactiveStructure,
    UnknownStructure,
    UnknownUnits,
    WrongDates,
    ask,
    expire,
    settle,
    unit_ended,
    withdraw,
)
from tests.users.rattaching import (
    DEFAULTS,
    LATER,
    MANAGE,
    NOW,
    READ,
    TODAY,
    a_decision,
    a_delegate,
    a_known_unit,
    a_line,
    a_manager,
    a_rattachement,
    a_request,
    a_structure,
    a_waiting_rattachement,
    an_extent,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def asked(structure: Any, request: Any, rattachement: Any, *units: Any, **but: Any) -> Changes:
    wanted = {
        "id": "r-1",
        "user_id": "u-lea",
        "extent": an_extent(),
        "comment": "",
        "today": TODAY,
        "now": NOW,
        "defaults": DEFAULTS,
    }
    return ask(structure, request, rattachement, *units, **wanted | but)


def settled(
    decided: ApprovalDecided, request: Any, rattachement: Any, structure: Any, **but: Any
) -> Changes:
    rest = {"requester_active": True, "defaults": DEFAULTS, "on": LATER.date()}
    decider = but.pop("decider", a_manager())
    return settle(decided, request, rattachement, structure, decider, **rest | but)


def pointer(problem: Problem) -> str:
    return str(problem.members["errors"][0]["pointer"])


class TestAsk:
    @pytest.mark.feature("RAT-04", "RAT-09")
    def test_puts_the_request_to_those_who_decide(self):
        request, _ = asked(a_structure(), None, None, comment="Je remplace Omar.")

        assert request.state == a_request(comment="Je remplace Omar.")
        assert request.events == (
            RattachementRequested(
                request_id="r-1",
                user_id="u-lea",
                structure_id="s-bakery",
                structure_identifier="73282932000074",
                structure_name="Boulangerie du Port",
                valid_from=TODAY,
                comment="Je remplace Omar.",
                requested_at=NOW,
            ),
        )

    @pytest.mark.feature("RAT-10")
    def test_gives_no_right_yet(self):
        _, rattachement = asked(a_structure(), None, None)

        assert rattachement == Change(a_waiting_rattachement(version=0))

    @pytest.mark.feature("RAT-11")
    def test_changes_nothing_when_repeated(self):
        changes = asked(a_structure(), a_request(), a_waiting_rattachement())

        assert changes == (Change(a_request()), Change(a_waiting_rattachement()))

    def test_changes_nothing_when_repeated_after_the_decision(self):
        granted = a_request(status="granted")

        assert asked(a_structure(), granted, a_rattachement())[0] == Change(granted)

    def test_names_the_field_of_an_unknown_structure(self):
        with pytest.raises(UnknownStructure) as refusal:
            asked(None, None, None)

        assert pointer(refusal.value) == "/body/structure_id"

    def test_is_refused_by_an_inactive_structure(self):
        with pytest.raises(InactiveStructure):
            asked(a_structure(status="inactive"), None, None)

    @pytest.mark.feature("RAT-11")
    def test_is_refused_while_another_waits(self):
        with pytest.raises(AlreadyRequested) as refusal:
            asked(a_structure(), None, a_waiting_rattachement(), id="r-2")

        assert refusal.value.members["request_id"] == "r-1"

    @pytest.mark.feature("RAT-11")
    @pytest.mark.parametrize(
        "extent",
        [
            an_extent(),
            an_extent(valid_from=TOMORROW, valid_until=TOMORROW),
            an_extent(valid_from=YESTERDAY),
        ],
    )
    def test_is_refused_when_it_would_give_nothing_new(self, extent):
        with pytest.raises(AlreadyAttached):
            asked(a_structure(), None, a_rattachement(), extent=extent)

    def test_is_refused_to_its_principal_manager(self):
        with pytest.raises(AlreadyAttached):
            asked(a_structure(), None, a_rattachement(role="principal_manager"))

    def test_is_open_again_after_a_refusal(self):
        refused = a_waiting_rattachement(pending_request_id=None)

        request, rattachement = asked(a_structure(), None, refused, id="r-2")

        assert request.state == a_request(id="r-2")
        assert rattachement.state == replace(refused, pending_request_id="r-2")

    def test_is_open_again_once_the_rattachement_has_ended(self):
        ended = a_rattachement(lines=(a_line(valid_from=date(2025, 1, 1), valid_until=YESTERDAY),))

        assert asked(a_structure(), None, ended)[0].events

    def test_may_extend_what_stands(self):
        ending = a_rattachement(lines=(a_line(valid_until=TOMORROW),))
        longer = an_extent(valid_from=TOMORROW + timedelta(days=1))

        assert asked(a_structure(), None, ending, extent=longer)[0].events

    @pytest.mark.feature("RAT-08")
    def test_may_come_back_later_and_add_units(self):
        ending = a_rattachement(lines=(a_line("ovens", valid_until=date(2026, 3, 9)),))
        much_later = an_extent(units=("ovens", "tills"), valid_from=date(2026, 3, 16))
        known = (a_known_unit(), a_known_unit("tills"))

        request, tie = asked(a_structure(), None, ending, *known, extent=much_later)
        _, attached = settled(a_decision(), request.state, tie.state, a_structure())

        assert attached.state.lines == (*ending.lines, *much_later.lines())

    @pytest.mark.feature("RAT-07")
    @pytest.mark.parametrize(
        ("extent", "field"),
        [
            (an_extent(valid_from=TODAY, valid_until=YESTERDAY), "/body/valid_until"),
            (an_extent(valid_from=YESTERDAY, valid_until=YESTERDAY), "/body/valid_until"),
            (an_extent(valid_from=date(2025, 2, 28)), "/body/valid_from"),
            (an_extent(valid_from=date(2031, 3, 7)), "/body/valid_from"),
        ],
    )
    def test_refuses_impossible_dates(self, extent, field):
        with pytest.raises(WrongDates) as refusal:
            asked(a_structure(), None, None, extent=extent)

        assert pointer(refusal.value) == field

    @pytest.mark.parametrize(
        "tills",
        [None, a_known_unit("tills", over=True), a_known_unit("tills", valid_until=YESTERDAY)],
        ids=["unknown", "over", "past its last day"],
    )
    def test_refuses_units_the_structure_does_not_have(self, tills):
        both = an_extent(units=("ovens", "tills"))

        with pytest.raises(UnknownUnits) as refusal:
            asked(a_structure(), None, None, a_known_unit(), tills, extent=both)

        assert pointer(refusal.value) == "/body/units"
        assert refusal.value.members["unknown"] == ["tills"]

    @pytest.mark.feature("SRV-12")
    def test_knows_the_default_unit_of_public_structures_alone(self):
        default = an_extent(units=(DEFAULT_UNIT,))

        request, _ = asked(a_structure(kind="public"), None, None, None, extent=default)

        assert request.state is not None
        assert request.state.extent == default
        with pytest.raises(UnknownUnits):
            asked(a_structure(), None, None, None, extent=default)

    def test_asks_for_some_units(self):
        ovens = an_extent(units=("ovens",))

        request, _ = asked(a_structure(), None, None, a_known_unit(), extent=ovens)

        assert request.state is not None
        assert request.state.extent == ovens
        [event] = request.events
        assert isinstance(event, RattachementRequested)
        assert event.units == ("ovens",)


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
            status="refused", reason="Inconnue ici.", decided_at=LATER
        )
        assert request.events == (
            RattachementRefused(
                request_id="r-1",
                user_id="u-lea",
                structure_id="s-bakery",
                structure_name="Boulangerie du Port",
                reason="Inconnue ici.",
                refused_at=LATER,
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


class TestWithdraw:
    def told(self, **but: Any) -> ApprovalWithdrawn:
        about = {"approval_id": "r-1", "kind": "rattachement", "subject_id": "r-1"}
        whose = {"structure_id": "s-bakery", "requester_id": "u-lea", "withdrawn_at": LATER}
        return ApprovalWithdrawn(**about | whose | but)

    @pytest.mark.feature("RAT-11")
    def test_lets_one_ask_again(self):
        request, tie = withdraw(self.told(), a_request(), a_waiting_rattachement())

        assert request.state == a_request(status="withdrawn", decided_at=LATER)
        assert tie.state == a_waiting_rattachement(pending_request_id=None)
        again = withdraw(self.told(), request.state, tie.state)
        assert [one.state for one in again] == [request.state, tie.state]

    def test_says_nothing_of_the_requests_of_others(self):
        waiting = a_request(), a_waiting_rattachement()

        left = withdraw(self.told(requester_id="u-zoe"), *waiting)

        assert tuple(one.state for one in left) == waiting


class TestExpire:
    def told(self, **but: Any) -> ApprovalExpired:
        about = {"approval_id": "r-1", "kind": "rattachement", "subject_id": "r-1"}
        whose = {"structure_id": "s-bakery", "requester_id": "u-lea"}
        when = {"opened_at": NOW, "expired_at": LATER}
        return ApprovalExpired(**about | whose | when | but)

    def test_grants_nothing_and_lets_one_ask_again(self):
        request, tie = expire(self.told(), a_request(), a_waiting_rattachement())

        assert request.state == a_request(status="expired", decided_at=LATER)
        assert tie == Change(a_waiting_rattachement(pending_request_id=None))
        [event] = request.events
        assert isinstance(event, RattachementRequestExpired)
        assert (event.user_id, event.expired_at) == ("u-lea", LATER)
        assert expire(self.told(), request.state, tie.state) == (
            Change(request.state),
            Change(tie.state),
        )

    def test_names_no_structure_that_its_requester_may_not_know(self):
        discreet = a_request(structure_discreet=True)

        request, _ = expire(self.told(), discreet, a_waiting_rattachement())

        assert request.events[0].structure_name is None

    @pytest.mark.parametrize(
        ("told", "status"), [({"requester_id": "u-zoe"}, "requested"), ({}, "granted")]
    )
    def test_says_nothing_of_others_and_of_what_is_decided(self, told: Any, status: Any):
        waiting = a_request(status=status), a_waiting_rattachement()

        left = expire(self.told(**told), *waiting)

        assert left == (Change(waiting[0]), Change(waiting[1]))


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


class TestNamesStructure:
    """A person's structure, or one that is not to be found, is not named to a stranger."""

    @pytest.mark.parametrize("status", ["requested", "refused", "not_applied"])
    def test_hides_a_discreet_one_from_whoever_only_asks(self, status):
        assert not a_request(structure_discreet=True, status=status).names_structure

    def test_shows_it_to_whoever_is_attached(self):
        assert a_request(structure_discreet=True, status="granted").names_structure

    def test_shows_any_other(self):
        assert a_request().names_structure

    def test_holds_for_the_letter_too(self):
        refusal = a_decision(verdict="refused", reason="Non.")

        request, _ = settled(
            refusal, a_request(structure_discreet=True), a_waiting_rattachement(), a_structure()
        )

        [event] = request.events
        assert isinstance(event, RattachementRefused)
        assert event.structure_name is None
