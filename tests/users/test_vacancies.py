"""How a structure in which nobody decides comes to be claimed, and how a claim is proved."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.approvals import ApproverMissing
from contracts.users import RequestBlocked, VacancyCodeRequested, VacancyNoticeGiven, VacancyOpened
from kit.attempts import TooManyAttempts
from kit.change import Change
from kit.problems import NotFound
from services.users.domain import vacancies
from services.users.domain.claims import (
    AlreadyYours,
    ClaimOver,
    ClaimUnderWay,
    Parties,
    ProvedByDocuments,
)
from services.users.domain.management import Management
from services.users.domain.requests import UnknownStructure
from services.users.domain.transfers import ManagementMoved
from tests.users.claims import (
    FORTNIGHT,
    WEEK,
    a_claim,
    a_proved_claim,
    decided,
    nobody_manages,
    omar_manages,
    opened,
    proved,
)
from tests.users.managing import a_tie, managed_by, somebody
from tests.users.rattaching import MANAGE, NOW, READ, a_request, a_structure

MISSING = ApproverMissing(approval_id="r-1", structure_id="s-bakery", noticed_at=NOW)


class TestNoticeVacancy:
    def test_tells_whoever_waits_that_nobody_decides(self):
        change = vacancies.notice_vacancy(MISSING, None, a_request())

        assert change == Change(
            Management(id="s-bakery", vacant_since=NOW),
            (
                VacancyOpened(
                    structure_id="s-bakery",
                    structure_name="Boulangerie du Port",
                    requester_id="u-lea",
                    opened_at=NOW,
                ),
            ),
        )

    def test_names_no_structure_that_its_requester_may_not_know(self):
        discreet = a_request(structure_discreet=True)

        [told] = vacancies.notice_vacancy(MISSING, None, discreet).events

        assert told.structure_name is None

    @pytest.mark.parametrize(
        "management", [managed_by(), Management(id="s-bakery", vacant_since=NOW)]
    )
    def test_is_of_no_structure_that_has_a_manager_and_once(self, management: Any):
        assert vacancies.notice_vacancy(MISSING, management, None) == Change(management)


class TestTellBlocked:
    def test_tells_whoever_asked_that_they_may_claim_the_structure(self):
        change = vacancies.tell_blocked(MISSING, None, a_request())

        told = RequestBlocked(
            request_id="r-1",
            user_id="u-lea",
            structure_id="s-bakery",
            structure_name="Boulangerie du Port",
            noticed_at=NOW,
        )
        assert change == Change(a_request(blocked=True), (told,))

    def test_names_no_structure_that_its_requester_may_not_know(self):
        [told] = vacancies.tell_blocked(MISSING, None, a_request(structure_discreet=True)).events

        assert told.structure_name is None

    def test_tells_nothing_where_somebody_manages_who_was_not_heard_of_yet(self):
        change = vacancies.tell_blocked(MISSING, managed_by(), a_request())

        assert change == Change(a_request())

    @pytest.mark.parametrize("but", [{"blocked": True}, {"status": "withdrawn"}])
    def test_tells_it_once_and_only_of_what_waits(self, but: Any):
        assert vacancies.tell_blocked(MISSING, None, a_request(**but)) == Change(a_request(**but))


class TestTellBlockedElsewhere:
    def test_tells_whoever_is_attached_that_they_may_claim_the_structure(self):
        noted, [told] = vacancies.tell_blocked_elsewhere(MISSING, None, a_tie(), a_structure())
        again = vacancies.tell_blocked_elsewhere(MISSING, None, noted.state, a_structure())

        assert (told.request_id, told.user_id) == ("r-1", "u-lea")
        assert told.structure_name == "Boulangerie du Port"
        assert again == (noted, ())

    @pytest.mark.parametrize(
        ("management", "tie"),
        [(managed_by(), a_tie()), (None, None), (None, a_tie(lines=(), role=None))],
        ids=["somebody manages", "never attached", "attached no more"],
    )
    def test_tells_nobody_else(self, management: Any, tie: Any):
        told = vacancies.tell_blocked_elsewhere(MISSING, management, tie, a_structure())

        assert told == (Change(tie), ())


class TestClaim:
    def test_has_a_code_sent_to_the_structure(self):
        claim, *_ = opened()

        assert claim == Change(
            a_claim(),
            (
                VacancyCodeRequested(
                    claim_id="c-1", structure_id="s-bakery", nonce="n-1", expires_at=NOW + WEEK
                ),
            ),
        )

    def test_by_documents_writes_to_nobody(self):
        claim, by_user, of_structure = opened(proof="documents")

        assert claim.events == ()
        assert (by_user.state.made, of_structure.state) == ((NOW,), None)

    def test_gives_a_secret_structure_no_name(self):
        claim, *_ = opened(structure=a_structure(discreet=True))

        assert claim.state.structure_name is None

    def test_changes_nothing_when_repeated(self):
        assert opened(a_claim()) == (Change(a_claim()), Change(None), Change(None))

    @pytest.mark.parametrize(
        ("management", "refusal"),
        [
            (managed_by("u-lea"), AlreadyYours),
            (managed_by(claim_id="c-0"), ClaimUnderWay),
        ],
    )
    def test_is_refused(self, management: Any, refusal: type[Exception]):
        with pytest.raises(refusal):
            opened(None, management)

    def test_is_of_a_structure_that_there_is(self):
        with pytest.raises(UnknownStructure):
            opened(structure=None)

    @pytest.mark.parametrize("whose", [1, 2], ids=["by one user", "to one structure"])
    def test_is_refused_beyond_the_limit(self, whose: int):
        counted = None
        for _ in range(5):
            known = [None, None, None, None]
            known[1 + whose] = counted
            counted = opened(*known)[whose].state
        known[1 + whose] = counted

        with pytest.raises(TooManyAttempts):
            opened(*known)


Proving = Callable[[Parties], Any]
EITHER_PROOF = pytest.mark.parametrize(
    "prove",
    [
        lambda parties: proved(a_claim(), parties),
        lambda parties: decided(a_claim(proof="documents"), parties),
    ],
    ids=["by a code", "by documents"],
)


class TestProof:
    @EITHER_PROOF
    def test_makes_the_claimant_the_manager_where_there_is_none(self, prove: Proving):
        claim, management, account, tie, request, *_ = prove(nobody_manages())

        assert (claim.state.state, claim.state.wake_at) == ("granted", None)
        assert management.state == managed_by("u-lea")
        assert account.state.manages == 1
        assert (tie.state.role, tie.state.habilitations) == ("principal_manager", (MANAGE, READ))
        assert (request.state.id, request.state.status) == ("c-1", "granted")

    @EITHER_PROOF
    def test_gives_an_absent_manager_notice_and_changes_nothing_yet(self, prove: Proving):
        parties = omar_manages()

        claim, management, *others = prove(parties)

        assert claim.state.state == "proved"
        assert claim.state.wake_at == NOW + FORTNIGHT
        assert [type(one) for one in claim.events] == [VacancyNoticeGiven]
        assert management == Change(managed_by(claim_id="c-1"))
        assert all(not one.events for one in others)
        assert others[0] == Change(parties.account)

    @EITHER_PROOF
    def test_gives_no_notice_to_whoever_has_left(self, prove: Proving):
        gone = somebody("u-omar", status="deactivated", manages=1)

        _, management, *_, manager, former = prove(omar_manages(manager=gone))

        assert management.state == managed_by("u-lea")
        assert manager.state.manages == 0
        assert former.state.role == "user"

    @EITHER_PROOF
    def test_is_refused_while_the_notice_of_another_runs(self, prove: Proving):
        with pytest.raises(ClaimUnderWay):
            prove(omar_manages(management=managed_by(claim_id="c-0")))

    @EITHER_PROOF
    def test_lapses_with_the_account_of_the_claimant(self, prove: Proving):
        claim, management, *_ = prove(nobody_manages(account=somebody(status="deactivated")))

        assert claim.state.state == "lapsed"
        assert management == Change(None)

    @EITHER_PROOF
    def test_is_decided_anew_when_somebody_has_become_the_manager_meanwhile(self, prove: Proving):
        with pytest.raises(ManagementMoved):
            prove(nobody_manages(management=managed_by("u-zoe")))


class TestProve:
    def test_counts_a_wrong_code(self):
        claim, *_ = proved(a_claim(), nobody_manages(), right=False)

        assert claim == Change(a_claim(tries_left=1))

    def test_ends_with_too_many(self):
        claim, *_ = proved(a_claim(tries_left=1), nobody_manages(), right=False)

        assert claim.state.state == "lapsed"
        with pytest.raises(ClaimOver):
            proved(claim.state, nobody_manages())

    def test_changes_nothing_when_repeated(self):
        assert proved(a_proved_claim(), omar_manages())[0] == Change(a_proved_claim())

    def test_is_too_late_after_its_time(self):
        with pytest.raises(ClaimOver):
            proved(a_claim(), nobody_manages(), now=NOW + WEEK)

    def test_is_for_the_claimant(self):
        with pytest.raises(NotFound):
            proved(a_claim(user_id="u-zoe"), nobody_manages())

    def test_takes_no_code_for_documents(self):
        with pytest.raises(ProvedByDocuments):
            proved(a_claim(proof="documents"), nobody_manages())
