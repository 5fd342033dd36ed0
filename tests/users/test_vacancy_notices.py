"""Whether the manager of a structure that is claimed has been told of it."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.notifications import VacancyNoticeHandedOver, VacancyNoticeReturned
from kit.change import Change
from services.users.domain.claims import Claim
from services.users.domain.vacancy_notices import give_back, hand_over
from tests.users.claims import FORTNIGHT, a_claim, a_proved_claim
from tests.users.rattaching import NOW

LATER = NOW + timedelta(days=10)
UNHEARD = a_proved_claim(notified_at=None)


def handed_over(claim: Any, at: Any = LATER) -> Change[Claim]:
    told = VacancyNoticeHandedOver(
        letter_id="l", claim_id="c-1", manager_id="u-omar", handed_over_at=at
    )
    return hand_over(told, claim, notice=FORTNIGHT)


def returned(claim: Any) -> Change[Claim]:
    told = VacancyNoticeReturned(
        letter_id="l", claim_id="c-1", manager_id="u-omar", returned_at=LATER
    )
    return give_back(told, claim)


class TestHandOver:
    def test_begins_the_days_in_which_the_manager_may_object(self):
        claim = handed_over(UNHEARD).state

        assert claim == a_proved_claim(notified_at=LATER, wake_at=LATER + FORTNIGHT)
        assert handed_over(claim, LATER + FORTNIGHT) == Change(claim)

    def test_never_shortens_what_was_promised(self):
        assert handed_over(UNHEARD, NOW - timedelta(seconds=5)).state.wake_at == NOW + FORTNIGHT

    @pytest.mark.parametrize(
        "claim", [None, a_claim(), a_claim(state="desk"), a_claim(state="objected")]
    )
    def test_changes_nothing_of_what_waits_for_no_answer(self, claim: Any):
        assert handed_over(claim) == Change(claim)


class TestGiveBack:
    def test_leaves_the_claim_to_the_desk(self):
        claim = returned(a_proved_claim()).state

        assert claim == a_proved_claim(state="desk", notified_at=None, wake_at=None)
        assert returned(claim) == Change(claim)

    @pytest.mark.parametrize("claim", [None, a_claim(), a_claim(state="granted")])
    def test_changes_nothing_of_what_is_over_or_not_proved(self, claim: Any):
        assert returned(claim) == Change(claim)
