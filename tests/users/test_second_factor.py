"""Codes, and the challenges that ask for them."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pyotp import TOTP

from contracts.users import CodeRequested
from kit.attempts import Attempts, TooManyAttempts
from services.users.domain import challenges
from services.users.domain.accounts import Account, SecondFactor, SentCode
from services.users.domain.challenges import Challenge, ChallengeOver, answer, forget
from services.users.domain.passwords import WrongPassword
from services.users.domain.second_factor import (
    NoSecondFactor,
    SecondFactorAlreadyOn,
    Shown,
    WrongCode,
    method,
    recovery_hash,
    renew_recovery_codes,
    send_code,
    set_up,
    turn_email_on,
    turn_off,
    turn_on,
)
from services.users.domain.sessions import WrongCredentials
from tests.users.people import ACCESS, FIVE_AN_HOUR, NOW, a_session, an_account

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SENT = SentCode(nonce="n-1", expires_at=NOW + timedelta(minutes=10))
MAILED = "314159"


class PlainKeys:
    """Seals nothing, and knows one code for each nonce."""

    def unseal(self, secret: str) -> str:
        return secret

    def code_of(self, user_id: str, nonce: str) -> str:
        return {"n-1": MAILED}.get(nonce, "271828")


KEYS = PlainKeys()


def code(at: datetime = NOW) -> str:
    return TOTP(SECRET).at(at)


def wrong_code() -> str:
    good = {code(NOW + timedelta(seconds=30 * step)) for step in (-1, 0, 1)} | {MAILED}
    return next(one for one in ("000000", "111111", "222222", "333333") if one not in good)


def protected(**but: Any) -> Account:
    return an_account(second_factor=SecondFactor(secret=SECRET, on=True), **but)


def by_letter(**but: Any) -> Account:
    return an_account(**{"email_codes": True, "sent_code": SENT} | but)


def turned_on(account: Account | None, **but: Any) -> Any:
    about = {"code": code(), "password_version": 0, "keys": KEYS, "now": NOW}
    return turn_on(account, **about | but).state


def shown(**but: Any) -> Shown:
    asked = {"code": code(), "password_version": 0, "keys": KEYS, "tries_id": "a"}
    return Shown(**asked | {"limit": FIVE_AN_HOUR, "now": NOW} | but)


class TestEachChange:
    def test_needs_the_password_of_this_moment(self):
        """It was proved before the decision; it may have been changed since, by its owner."""
        pending = set_up(an_account(password_version=1), secret=SECRET).state
        with pytest.raises(WrongPassword):
            turned_on(pending)
        mailed = an_account(sent_code=SENT, password_version=1)
        with pytest.raises(WrongPassword):
            turn_email_on(mailed, None, shown=shown(code=MAILED))
        on = protected(password_version=1)
        for change in (turn_off, partial(renew_recovery_codes, hashes=("h",))):
            with pytest.raises(WrongPassword):
                change(on, None, shown=shown())
            assert change(on, None, shown=shown(password_version=1))[1].state is None


class TestTurnOn:
    def test_waits_for_a_code_of_the_secret(self):
        pending = set_up(an_account(), secret=SECRET).state
        assert pending
        assert method(pending) is None

        assert method(turned_on(pending)) == "app"

    def test_changes_nothing_when_repeated(self):
        assert turned_on(protected(), code="000000") == protected()

    def test_refuses_a_wrong_code_naming_its_field(self):
        with pytest.raises(WrongCode) as refused:
            turned_on(set_up(an_account(), secret=SECRET).state, code=wrong_code())

        assert refused.value.as_json()["errors"][0]["pointer"] == "/body/code"

    def test_needs_a_secret(self):
        with pytest.raises(NoSecondFactor):
            turned_on(an_account())


class TestSetUp:
    def test_replaces_a_secret_nobody_confirmed(self):
        pending = set_up(an_account(), secret="OTHER").state

        again = set_up(pending, secret=SECRET).state

        assert again
        assert again.second_factor == SecondFactor(secret=SECRET)

    @pytest.mark.parametrize("account", [protected(), by_letter()])
    def test_does_not_replace_what_is_on(self, account: Account):
        """Whoever stole a session must not put a telephone of theirs in its place."""
        with pytest.raises(SecondFactorAlreadyOn):
            set_up(account, secret="OTHER")


class TestSendCode:
    def test_asks_for_a_letter_that_holds_no_code(self):
        account, counted = send_code(
            an_account(), None, code=SENT, letters_id="l", limit=FIVE_AN_HOUR, now=NOW
        )

        assert account.events == (
            CodeRequested(user_id="u-lea", nonce="n-1", expires_at=SENT.expires_at),
        )
        assert counted.state.made == (NOW,)

    def test_is_refused_beyond_the_limit(self):
        with pytest.raises(TooManyAttempts):
            send_code(
                an_account(),
                Attempts(id="l", made=(NOW,) * 5),
                code=SENT,
                letters_id="l",
                limit=FIVE_AN_HOUR,
                now=NOW,
            )


class TestTurnEmailOn:
    def test_needs_the_code_of_the_letter(self):
        account, _ = turn_email_on(an_account(sent_code=SENT), None, shown=shown(code=MAILED))

        assert method(account.state) == "email"
        assert account.state.sent_code is None

    @pytest.mark.parametrize(
        "account",
        [
            an_account(),
            an_account(sent_code=SentCode(nonce="n-1", expires_at=NOW)),
            an_account(sent_code=SentCode(nonce="n-2", expires_at=SENT.expires_at)),
        ],
    )
    def test_counts_a_code_that_was_not_sent_last(self, account: Account):
        changed, counted = turn_email_on(account, None, shown=shown(code=MAILED))

        assert changed.state == account
        assert counted.state.made == (NOW,)

    def test_changes_nothing_when_repeated(self):
        assert turn_email_on(by_letter(), None, shown=shown())[0].state == by_letter()

    def test_does_not_stand_beside_an_app(self):
        with pytest.raises(SecondFactorAlreadyOn):
            turn_email_on(protected(sent_code=SENT), None, shown=shown(code=MAILED))


def turned_off(account: Account | None, tries: Attempts | None = None, **but: Any) -> Any:
    return turn_off(account, tries, shown=shown(**but))


class TestTurnOff:
    @pytest.mark.parametrize(
        ("account", "good"),
        [
            (protected(), code()),
            (by_letter(), MAILED),
            (protected(recovery_codes=(recovery_hash("r"),)), "r"),
        ],
    )
    def test_needs_a_code(self, account: Account, good: str):
        off = turned_off(account, code=good)[0].state

        assert method(off) is None
        assert off.recovery_codes == ()

    def test_takes_no_letter_in_place_of_the_app(self):
        account, _ = turned_off(protected(sent_code=SENT), code=MAILED)

        assert account.state == protected(sent_code=SENT)

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


class TestRecoveryCodes:
    def test_are_good_once_each(self):
        hashes = tuple(recovery_hash(one) for one in ("r", "s"))
        account, _ = renew_recovery_codes(protected(), None, hashes=hashes, shown=shown())

        first = answered(a_challenge(), account.state, code="r")
        assert first[0].state is None
        assert first[3].state.recovery_codes == (recovery_hash("s"),)
        assert answered(a_challenge(), first[3].state, code="r")[0].state.tries_left == 4

    def test_void_those_given_before(self):
        before = protected(recovery_codes=(recovery_hash("old"),))

        account, _ = renew_recovery_codes(before, None, hashes=("new",), shown=shown())

        assert account.state.recovery_codes == ("new",)

    def test_need_a_code(self):
        account, counted = renew_recovery_codes(
            protected(), None, hashes=("new",), shown=shown(code=wrong_code())
        )

        assert account.state == protected()
        assert counted.state

    def test_stand_in_for_something(self):
        with pytest.raises(NoSecondFactor):
            renew_recovery_codes(an_account(), None, hashes=("new",), shown=shown())


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
    asked |= {"keys": KEYS}
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
        on = turned_on(set_up(an_account(), secret=SECRET).state)

        assert answered(a_challenge(), on)[0].state.tries_left == 4

    def test_takes_the_code_of_its_own_letter_only(self):
        """Who signs in elsewhere at the same moment has a letter of their own."""
        challenge = a_challenge(sent_code=SENT)

        assert answered(challenge, by_letter(), code=MAILED)[0].state is None
        assert answered(a_challenge(), by_letter(), code=MAILED)[0].state.tries_left == 4

    def test_takes_no_letter_where_an_app_is_asked_for(self):
        challenge = a_challenge(sent_code=SENT)

        assert answered(challenge, protected(), code=MAILED)[0].state.tries_left == 4

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


class TestSendCodeForAChallenge:
    def sent(self, account: Account | None, challenge: Challenge | None, made: int = 0) -> Any:
        tries = Attempts(id="l", made=(NOW,) * made) if made else None
        about = {"code": SENT, "letters_id": "l", "limit": FIVE_AN_HOUR, "now": NOW}
        return challenges.send_code(account, challenge, tries, **about)

    def test_asks_for_a_letter(self):
        account, challenge, counted = self.sent(by_letter(), a_challenge())

        assert [type(event) for event in account.events] == [CodeRequested]
        assert challenge.state.sent_code == SENT
        assert counted.state.made == (NOW,)

    @pytest.mark.parametrize(
        ("account", "challenge"),
        [
            (by_letter(), None),
            (None, a_challenge()),
            (by_letter(), a_challenge(tries_left=0)),
            (protected(), a_challenge()),
            (by_letter(status="deactivated"), a_challenge()),
        ],
    )
    def test_sends_none_where_none_is_asked_for(
        self, account: Account | None, challenge: Challenge | None
    ):
        with pytest.raises(ChallengeOver):
            self.sent(account, challenge)

    def test_is_refused_beyond_the_limit(self):
        with pytest.raises(TooManyAttempts):
            self.sent(by_letter(), a_challenge(), made=5)


class TestForget:
    def test_waits_until_it_is_over(self):
        assert forget(a_challenge(), now=NOW).state == a_challenge()
        assert forget(a_challenge(expires_at=NOW), now=NOW).state is None
