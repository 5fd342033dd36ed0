"""What becomes of a claim that is proved: decided, objected to, and its turn."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.users import VacancyClaimSettled
from kit.change import Change
from kit.problems import NotFound
from services.users.domain import vacancies
from services.users.domain.claims import ManagersObjectionOnly, NotYourOwnClaim, ReasonForRejection
from services.users.domain.management import given
from tests.users.claims import (
    FORTNIGHT,
    WEEK,
    a_claim,
    a_proved_claim,
    decided,
    nobody_manages,
    omar_manages,
    proved,
    turned,
)
from tests.users.managing import a_tie, managed_by
from tests.users.rattaching import MANAGE, NOW


class TestDecide:
    def test_rejects_for_a_reason(self):
        claim, *_ = decided(
            a_claim(proof="documents"), nobody_manages(), confirmed=False, reason="Illisible"
        )

        assert (claim.state.state, claim.state.reason) == ("rejected", "Illisible")
        [told] = claim.events
        assert (told.reason, told.decided_by) == ("Illisible", "u-desk")

    def test_asks_for_the_reason(self):
        with pytest.raises(ReasonForRejection):
            decided(a_claim(proof="documents"), nobody_manages(), confirmed=False)

    def test_is_not_for_the_claimant(self):
        with pytest.raises(NotYourOwnClaim):
            decided(a_claim(proof="documents"), nobody_manages(), by="u-lea")

    def test_is_not_of_a_claim_by_code(self):
        with pytest.raises(NotFound):
            decided(a_claim(), nobody_manages())


class TestDecideOnWhatNobodyHeardOf:
    """A claim whose notice did not reach the manager, however it was proved."""

    claim = a_proved_claim(state="desk", notified_at=None, wake_at=None)
    parties = omar_manages(management=managed_by(claim_id="c-1"))

    def test_grants_it_at_once(self):
        claim, management, *_ = decided(self.claim, self.parties)

        assert (claim.state.state, claim.state.decided_by) == ("granted", "u-desk")
        assert management.state == managed_by("u-lea")
        assert decided(claim.state, self.parties)[0] == Change(claim.state)

    def test_or_ends_it_so_that_another_may_be_proved(self):
        claim, management, *_ = decided(
            self.claim, self.parties, confirmed=False, reason="Le gestionnaire a répondu"
        )

        assert claim.state.state == "rejected"
        assert management.state == managed_by()

    def test_is_not_needed_once_the_manager_objects(self):
        claim, _ = vacancies.object_to(self.claim, self.parties.management, by="u-omar", now=NOW)

        assert claim.state.state == "objected"

    def test_does_not_follow_from_showing_the_code_again(self):
        assert proved(self.claim, self.parties)[0] == Change(self.claim)


class TestObjectTo:
    def object_to(self, claim: Any, by: str, **but: Any) -> Any:
        management = managed_by(**{"claim_id": "c-1"} | but)
        return vacancies.object_to(claim, management, by=by, now=NOW)

    def test_ends_the_claim(self):
        claim, management = self.object_to(a_proved_claim(), "u-omar")

        assert (claim.state.state, claim.state.wake_at) == ("objected", None)
        assert management.state == managed_by()
        assert self.object_to(claim.state, "u-omar", claim_id=None)[0] == Change(claim.state)

    def test_is_for_the_manager_alone(self):
        with pytest.raises(ManagersObjectionOnly):
            self.object_to(a_proved_claim(), "u-lea")
        with pytest.raises(NotFound):
            self.object_to(a_proved_claim(), "u-zoe")

    def test_knows_nothing_of_a_claim_that_proved_nothing(self):
        with pytest.raises(NotFound):
            self.object_to(a_claim(), "u-omar", claim_id=None)


class TestTurn:
    def test_waits_for_its_time(self):
        claim, *_ = turned(a_proved_claim(), omar_manages(), now=NOW)

        assert claim == Change(a_proved_claim())

    def test_makes_the_claimant_the_manager_once_nobody_has_objected(self):
        at = NOW + FORTNIGHT
        parties = omar_manages(management=managed_by(claim_id="c-1"), tie=a_tie())

        claim, management, account, tie, _, _, manager, former = turned(
            a_proved_claim(), parties, now=at
        )

        assert claim.state.state == "granted"
        [told] = claim.events
        assert isinstance(told, VacancyClaimSettled)
        assert told.former_manager_id == "u-omar"
        assert management.state == managed_by("u-lea")
        assert (tie.state.role, former.state.role) == ("principal_manager", "user")
        assert MANAGE not in former.state.habilitations
        assert (account.state.manages, manager.state.manages) == (1, 0)

    def test_leaves_to_the_desk_what_the_manager_was_never_told(self):
        parties = omar_manages(management=managed_by(claim_id="c-1"))
        unheard = a_proved_claim(notified_at=None)

        claim, *others = turned(unheard, parties, now=NOW + FORTNIGHT)

        assert claim == Change(replace(unheard, state="desk", wake_at=None))
        assert others[0] == Change(parties.management)
        assert turned(claim.state, parties, now=NOW + 10 * FORTNIGHT)[0] == Change(claim.state)

    def test_lapses_when_the_manager_handed_over_meanwhile(self):
        parties = omar_manages(management=managed_by("u-zoe"))

        claim, management, *_ = turned(a_proved_claim(), parties, now=NOW + FORTNIGHT)

        assert claim.state.state == "lapsed"
        assert management == Change(managed_by("u-zoe"))

    def test_lapses_though_the_manager_has_the_structure_back(self):
        returned = given(given(managed_by(claim_id="c-1"), "u-zoe"), "u-omar")
        parties = omar_manages(management=returned)

        claim, management, *_ = turned(a_proved_claim(), parties, now=NOW + FORTNIGHT)

        assert claim.state.state == "lapsed"
        assert management == Change(returned)

    def test_lapses_without_a_proof(self):
        claim, *others = turned(a_claim(), nobody_manages(), now=NOW + WEEK)

        assert claim.state == replace(
            a_claim(), state="lapsed", settled_at=NOW + WEEK, wake_at=None
        )
        assert all(not one.events for one in others)


class TestReadable:
    @pytest.mark.parametrize(
        ("claim", "by", "seen"),
        [
            (a_claim(), "u-lea", True),
            (a_claim(), "u-omar", False),
            (a_proved_claim(), "u-omar", True),
            (a_proved_claim(), "u-zoe", False),
            (None, "u-lea", False),
        ],
    )
    def test_is_for_the_claimant_and_for_a_manager_who_has_notice(
        self, claim: Any, by: str, seen: bool
    ):
        if seen:
            assert vacancies.readable(claim, managed_by(), by=by) == claim
        else:
            with pytest.raises(NotFound):
                vacancies.readable(claim, managed_by(), by=by)
