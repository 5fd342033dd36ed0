"""How a rattachement is asked for, and what becomes of the request."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalExpired, ApprovalWithdrawn
from contracts.structures import DEFAULT_UNIT
from contracts.users import (
    RattachementRefused,
    RattachementRequested,
    RattachementRequestExpired,
)
from kit.change import Change
from services.users.domain.requests import (
    AlreadyAttached,
    AlreadyRequested,
    InactiveStructure,
    UnknownStructure,
    UnknownUnits,
    WrongDates,
    expire,
    withdraw,
)
from tests.users.rattaching import (
    LATER,
    NOW,
    TODAY,
    a_decision,
    a_known_unit,
    a_line,
    a_rattachement,
    a_request,
    a_structure,
    a_waiting_rattachement,
    an_extent,
)
from tests.users.requesting import asked, pointer, settled

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


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
