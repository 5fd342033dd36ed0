"""What becomes of the questions of who has left."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalWithdrawn,
)
from contracts.users import PersonChanged, PersonErased
from kit.change import Change
from services.approvals.domain.people import Person, copy_person, followed, forget_name
from services.approvals.domain.withdrawing import withdraw_of_who_left
from tests.approvals.builders import (
    NOW,
    an_approval,
    types,
)


def told_of_lea(**but: Any) -> PersonChanged:
    said = {
        "user_id": "u-lea",
        "first_name": "Léa",
        "last_name": "Martin",
        "email": "lea@example.org",
        "active": True,
        "version": 1,
    }
    return PersonChanged(**said | but)


class TestCopyPerson:
    def test_never_goes_back_to_an_older_name(self):
        newer = Person(id="u-lea", name="Léa Durand", heard=2)

        copied = copy_person(told_of_lea(), None, now=NOW)

        assert copied.state == Person(
            id="u-lea", name="Léa Martin", email="lea@example.org", heard=1
        )
        assert copy_person(told_of_lea(), newer, now=NOW) == Change(newer)

    @pytest.mark.feature("ACC-10")
    def test_wakes_whoever_takes_back_what_was_asked_by_who_has_left(self):
        left = copy_person(told_of_lea(active=False), None, now=NOW).state

        assert (left.active, left.wake_at) == (False, NOW)
        back = copy_person(told_of_lea(version=2), left, now=NOW).state
        assert (back.active, back.wake_at) == (True, NOW)

    def test_wakes_nobody_for_a_new_name(self):
        known = Person(id="u-lea", name="Léa Durand", heard=1)

        assert copy_person(told_of_lea(version=2), known, now=NOW).state.wake_at is None

    def test_forgets_nothing_that_is_still_to_follow(self):
        back = Person(id="u-lea", name="Léa Martin", heard=1, wake_at=NOW)

        assert (
            copy_person(told_of_lea(version=2), back, now=NOW + timedelta(hours=1)).state.wake_at
            == NOW
        )


class TestForgetName:
    ERASED = PersonErased(user_id="u-lea", erased_at=NOW)

    def test_takes_back_what_was_asked_by_whoever_was_still_there(self):
        known = Person(id="u-lea", name="Léa Martin", heard=1)

        gone = forget_name(self.ERASED, known).state

        assert (gone.name, gone.active, gone.wake_at) == ("", False, NOW)
        assert forget_name(self.ERASED, followed(gone, gone).state).state.wake_at is None

    def test_of_whoever_had_left_takes_nothing_back_anew(self):
        left = Person(id="u-lea", name="Léa Martin", heard=2, active=False)

        assert forget_name(self.ERASED, left).state.wake_at is None


class TestFollowed:
    LEFT = Person(id="u-lea", name="Léa Martin", active=False, heard=2, wake_at=NOW)

    def test_ends_what_was_begun(self):
        assert followed(self.LEFT, self.LEFT).state.wake_at is None

    def test_begins_again_for_whoever_came_back_meanwhile(self):
        back = Person(id="u-lea", name="Léa Martin", heard=3, wake_at=NOW)

        assert followed(self.LEFT, back) == Change(back)

    def test_begins_again_for_whoever_was_erased_meanwhile(self):
        back = Person(id="u-lea", name="Léa Martin", heard=3, wake_at=NOW)
        erased = forget_name(PersonErased(user_id="u-lea", erased_at=NOW), back).state

        assert followed(back, erased) == Change(erased)


class TestWithdrawOfWhoLeft:
    LEFT = Person(id="u-lea", name="Léa Martin", active=False, heard=2)

    @pytest.mark.feature("ACC-10")
    def test_takes_a_question_back_once(self):
        taken = withdraw_of_who_left(an_approval(), self.LEFT, now=NOW)

        assert (taken.state.state, types(taken)) == ("withdrawn", [ApprovalWithdrawn])
        again = withdraw_of_who_left(taken.state, self.LEFT, now=NOW)
        assert again == Change(taken.state)

    def test_leaves_what_was_answered_and_who_came_back(self):
        answered = an_approval(state="approved")
        back = Person(id="u-lea", name="Léa Martin", heard=3)

        assert withdraw_of_who_left(answered, self.LEFT, now=NOW) == Change(answered)
        assert withdraw_of_who_left(an_approval(), back, now=NOW) == Change(an_approval())
