"""How a structure in which nobody decides comes to have a manager."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import ApproverMissing
from contracts.users import (
    RequestBlocked,
    VacancyClaimSettled,
    VacancyCodeRequested,
    VacancyNoticeGiven,
    VacancyOpened,
)
from kit.attempts import TooManyAttempts
from kit.change import Change
from kit.problems import NotFound
from services.users.domain import vacancies
from services.users.domain.claims import (
    AlreadyYours,
    Claim,
    ClaimOver,
    ClaimUnderWay,
    ManagersObjectionOnly,
    NotYourOwnClaim,
    Parties,
    ProvedByDocuments,
    ReasonForRejection,
    Rules,
)
from services.users.domain.management import Management, given
from services.users.domain.requests import UnknownStructure
from services.users.domain.transfers import ManagementMoved
from tests.users.managing import a_manager, a_tie, managed_by, somebody
from tests.users.people import FIVE_AN_HOUR
from tests.users.rattaching import DEFAULTS, MANAGE, NOW, READ, a_request, a_structure

WEEK, FORTNIGHT = timedelta(days=7), timedelta(days=15)
RULES = Rules(notice=FORTNIGHT, defaults=DEFAULTS)
MISSING = ApproverMissing(approval_id="r-1", structure_id="s-bakery", noticed_at=NOW)


def a_claim(**but: Any) -> Claim:
    said = {
        "id": "c-1",
        "user_id": "u-lea",
        "structure_id": "s-bakery",
        "structure_name": "Boulangerie du Port",
        "proof": "code",
        "nonce": "n-1",
        "tries_left": 2,
        "opened_at": NOW,
        "wake_at": NOW + WEEK,
    }
    return Claim(**said | but)


def a_proved_claim(**but: Any) -> Claim:
    waits = {
        "state": "proved",
        "manager_id": "u-omar",
        "notified_at": NOW,
        "wake_at": NOW + FORTNIGHT,
    }
    return a_claim(**waits | but)


def nobody_manages(**but: Any) -> Parties:
    known = dict.fromkeys(("management", "tie", "request", "manager", "managers_tie"))
    return Parties(**known | {"account": somebody(), "structure": a_structure()} | but)


def omar_manages(**but: Any) -> Parties:
    there = {
        "management": managed_by(),
        "manager": somebody("u-omar", manages=1),
        "managers_tie": a_manager(),
    }
    return nobody_manages(**there | but)


def opened(*current: Any, **but: Any) -> Any:
    structure = but.pop("structure", a_structure())
    claim, management, by_user, of_structure = (*current, None, None, None, None)[:4]
    return vacancies.claim(
        claim,
        management,
        structure,
        by_user,
        of_structure,
        asked=a_claim(structure_name=None, **but),
        limit=FIVE_AN_HOUR,
        counted_as=("by", "of"),
    )


def proved(claim: Any, parties: Parties, *, right: bool = True, now: Any = NOW) -> Any:
    return vacancies.prove(claim, parties, by="u-lea", right=right, rules=RULES, now=now)


def decided(claim: Any, parties: Parties, **but: Any) -> Any:
    said = {"by": "u-desk", "confirmed": True, "reason": "", "rules": RULES, "now": NOW}
    return vacancies.decide(claim, parties, **said | but)


def turned(claim: Any, parties: Parties, *, now: Any) -> Any:
    return vacancies.turn(claim, parties, rules=RULES, now=now)


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


class TestDecide:
    def test_rejects_for_a_reason(self):
        claim, *_ = decided(
            a_claim(proof="documents"), nobody_manages(), confirmed=False, reason="Illisible"
        )

        assert (claim.state.state, claim.state.reason) == ("rejected", "Illisible")

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
