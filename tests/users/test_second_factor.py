"""Codes, and the challenges that ask for them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pyotp import TOTP

from services.users.domain.accounts import Account, SecondFactor
from services.users.domain.attempts import Attempts, TooManyAttempts
from services.users.domain.challenges import Challenge, ChallengeOver, answer, forget
from services.users.domain.second_factor import (
    NoSecondFactor,
    SecondFactorAlreadyOn,
    WrongCode,
    is_on,
    set_up,
    turn_off,
    turn_on,
)
from services.users.domain.sessions import WrongCredentials
from tests.users.people import ACCESS, FIVE_AN_HOUR, NOW, a_session, an_account

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(at: datetime = NOW) -> str:
    return TOTP(SECRET).at(at)


def wrong_code() -> str:
    good = {code(NOW + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
    return next(one for one in ("000000", "111111", "222222", "333333") if one not in good)


def protected(**but: Any) -> Account:
    return an_account(second_factor=SecondFactor(secret=SECRET, on=True), **but)


class TestTurnOn:
    def test_waits_for_a_code_of_the_secret(self):
        pending = set_up(an_account(), secret=SECRET).state
        assert pending
        assert not is_on(pending)

        on = turn_on(pending, code=code(), now=NOW).state

        assert on
        assert is_on(on)

    def test_changes_nothing_when_repeated(self):
        assert turn_on(protected(), code="000000", now=NOW).state == protected()

    def test_refuses_a_wrong_code_naming_its_field(self):
        with pytest.raises(WrongCode) as refused:
            turn_on(set_up(an_account(), secret=SECRET).state, code=wrong_code(), now=NOW)

        assert refused.value.as_json()["errors"][0]["pointer"] == "/body/code"

    def test_needs_a_secret(self):
        with pytest.raises(NoSecondFactor):
            turn_on(an_account(), code=code(), now=NOW)


class TestSetUp:
    def test_replaces_a_secret_nobody_confirmed(self):
        pending = set_up(an_account(), secret="OTHER").state

        again = set_up(pending, secret=SECRET).state

        assert again
        assert again.second_factor == SecondFactor(secret=SECRET)

    def test_does_not_replace_one_that_is_on(self):
        with pytest.raises(SecondFactorAlreadyOn):
            set_up(protected(), secret="OTHER")


def turned_off(account: Account | None, tries: Attempts | None = None, **but: Any) -> Any:
    asked = {"code": code(), "tries_id": "a", "limit": FIVE_AN_HOUR, "now": NOW}
    return turn_off(account, tries, **asked | but)


class TestTurnOff:
    def test_needs_a_code(self):
        account, _ = turned_off(protected())

        assert account.state.second_factor is None

    def test_counts_wrong_codes_and_locks(self):
        tries = None
        for _ in range(5):
            account, counted = turned_off(protected(), tries, code=wrong_code())
            assert account.state == protected()
            tries = counted.state

        with pytest.raises(TooManyAttempts):
            turned_off(protected(), tries)

    def test_changes_nothing_when_repeated(self):
        assert turned_off(an_account())[0].state == an_account()


def a_challenge(**but: Any) -> Challenge:
    asked = {
        "id": "c-1",
        "user_id": "u-lea",
        "password_version": 0,
        "account_tries": "a",
        "address_tries": "b",
        "tries_left": 5,
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
    }
    return Challenge(**asked | but)


def answered(challenge: Challenge | None, account: Account | None = None, **but: Any) -> Any:
    tries = Attempts(id="a", made=(NOW,))
    asked = {"code": code(), "session": a_session(), "access_for": ACCESS, "now": NOW}
    return answer(challenge, tries, None, account or protected(), None, **asked | but)


class TestAnswer:
    def test_opens_the_session_and_uses_the_challenge_up(self):
        challenge, tries, _, account, session = answered(a_challenge())

        assert challenge.state is None
        assert tries.state is None
        assert account.state.session_ids == ("s-1",)
        assert session.state == a_session()

    @pytest.mark.parametrize("seconds", [-30, 0, 30])
    def test_bears_a_clock_that_is_off_by_a_step(self, seconds: int):
        shown = code(NOW + timedelta(seconds=seconds))

        assert answered(a_challenge(), code=shown)[0].state is None

    def test_takes_a_code_once(self):
        _, _, _, account, _ = answered(a_challenge())

        challenge, *_ = answered(a_challenge(), account.state)

        assert challenge.state.tries_left == 4

    def test_takes_the_code_that_turned_it_on_no_second_time(self):
        on = turn_on(set_up(an_account(), secret=SECRET).state, code=code(), now=NOW).state

        assert answered(a_challenge(), on)[0].state.tries_left == 4

    def test_counts_a_wrong_code_and_keeps_the_attempt_counted(self):
        challenge, tries, _, account, session = answered(a_challenge(), code=wrong_code())

        assert challenge.state.tries_left == 4
        assert tries.state.made == (NOW,)
        assert account.state == protected()
        assert session.state is None

    def test_is_over_after_five_wrong_codes(self):
        challenge = a_challenge()
        for _ in range(5):
            challenge = answered(challenge, code=wrong_code())[0].state

        with pytest.raises(ChallengeOver):
            answered(challenge)

    @pytest.mark.parametrize("challenge", [None, a_challenge(expires_at=NOW)])
    def test_is_over_in_time(self, challenge: Challenge | None):
        with pytest.raises(ChallengeOver):
            answered(challenge)

    def test_is_over_without_a_second_factor(self):
        with pytest.raises(ChallengeOver):
            answered(a_challenge(), an_account())

    def test_is_refused_when_the_password_was_replaced_meanwhile(self):
        with pytest.raises(WrongCredentials):
            answered(a_challenge(), protected(password_version=1))


class TestForget:
    def test_waits_until_it_is_over(self):
        assert forget(a_challenge(), now=NOW).state == a_challenge()
        assert forget(a_challenge(expires_at=NOW), now=NOW).state is None
