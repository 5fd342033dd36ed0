"""The secret question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.problems import NotFound
from services.users.domain.accounts import SecretQuestion
from services.users.domain.passwords import WrongPassword
from services.users.domain.questions import AnswerTooEasy, change_question, check, normalised
from tests.users.people import NOW, an_account

CAT = SecretQuestion(question="Le nom de votre premier chat ?", answer_hash="hash-of-minouche")


class TestNormalised:
    def test_forgets_capitals_accents_and_spaces(self):
        assert normalised("  Hélène   DÛR\u00a0 ") == normalised("helene dur") == "helene dur"

    @given(st.text(max_size=50))
    def test_is_the_same_when_done_twice(self, answer: str):
        assert normalised(normalised(answer)) == normalised(answer)


class TestCheck:
    def test_accepts_what_only_its_owner_knows(self):
        check("Le nom de votre premier chat ?", "Minouche")

    @pytest.mark.parametrize("answer", ["", "  a ", "é́́", "CHAT", "premier   chat"])
    def test_refuses_what_the_question_says_or_anybody_guesses(self, answer: str):
        with pytest.raises(AnswerTooEasy) as refused:
            check("Le nom de votre premier chat ?", answer)

        assert refused.value.as_json()["errors"][0]["pointer"] == "/body/answer"


class TestChangeQuestion:
    @pytest.mark.feature("ACC-07")
    def test_asks_it_from_now_on(self):
        change = change_question(an_account(), asked=CAT, password_version=0, now=NOW)

        assert change.state.secret_question == CAT
        assert [event.action for event in change.events] == ["secret-question-changed"]
        assert "minouche" not in str(change.events)

    def test_needs_the_password_of_this_moment(self):
        with pytest.raises(WrongPassword):
            change_question(an_account(password_version=1), asked=CAT, password_version=0, now=NOW)

    def test_is_for_active_accounts(self):
        with pytest.raises(NotFound):
            change_question(
                an_account(status="deactivated"), asked=CAT, password_version=0, now=NOW
            )
