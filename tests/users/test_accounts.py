"""How an account comes to be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.users import LinkRequested, PersonChanged, RegistrationRepeated
from kit.attempts import Attempts
from services.users.domain.accounts import (
    Account,
    Claimed,
    LinkNoLongerValid,
    activate,
    register,
    send_link,
)
from services.users.domain.logins import Login, login_id
from services.users.domain.passwords import PasswordRefused, check
from tests.users.people import (
    FIVE_AN_HOUR,
    NOW,
    a_link,
    a_pending_account,
    a_registration,
    an_account,
)


def registered(
    account: Account | None = None, letters: Attempts | None = None, **but: Any
) -> Claimed:
    login = account and Login(id=login_id(account.email), user_id=account.id)
    asked = {
        "user_id": "u-lea",
        "email": "lea@example.org",
        "registration": a_registration(),
        "link": a_link(),
        "kept_until": NOW + timedelta(days=7),
        "letters_id": "l-1",
        "limit": FIVE_AN_HOUR,
        "now": NOW,
    }
    return register(but.pop("login", login), account, letters, **asked | but)


def told(change: Any) -> list[type]:
    return [type(event) for event in change.events]


class TestRegister:
    def test_opens_a_pending_account_and_sends_its_link(self):
        login, account, _ = registered()

        assert login.state == Login(id=login_id("lea@example.org"), user_id="u-lea")
        assert account.state
        assert account.state.status == "pending"
        assert account.state.password_hash == ""
        assert told(account) == [PersonChanged, LinkRequested]

    def test_writes_to_nobody_before_the_address_is_proved(self):
        _, account, _ = registered()

        [person, _] = account.events
        assert isinstance(person, PersonChanged)
        assert not person.active
        assert person.version == 1

    def test_writes_to_the_login_unless_told_otherwise(self):
        _, account, _ = registered()

        assert account.state
        assert account.state.written_to == "lea@example.org"
        assert replace(account.state, contact_email="l@m.fr").written_to == "l@m.fr"

    def test_keeps_what_another_asked_apart_until_its_link_is_used(self):
        _, account, _ = registered(
            a_pending_account(),
            link=a_link(nonce="n-2"),
            registration=a_registration(first_name="Mallory", password_hash="another"),
        )

        assert account.state
        assert account.state.first_name == "Léa"
        assert told(account) == [LinkRequested]
        first = activate(account.state, nonce="n-1", now=NOW).state
        second = activate(account.state, nonce="n-2", now=NOW).state
        assert [one and one.password_hash for one in (first, second)] == ["hash-of-lea", "another"]

    def test_tells_the_owner_of_an_active_account(self):
        _, account, _ = registered(an_account())

        assert account.state == an_account()
        assert told(account) == [RegistrationRepeated]

    def test_says_nothing_of_a_deactivated_account(self):
        _, account, _ = registered(an_account(status="deactivated"))

        assert account.events == ()

    @pytest.mark.feature("ACC-01")
    def test_leaves_an_address_to_the_account_that_claimed_it(self):
        login, account, letters = registered(login=Login(id="l", user_id="u-omar"))

        assert login.state == Login(id="l", user_id="u-omar")
        assert account.state is None
        assert letters.state is None

    def test_sends_no_sixth_letter_within_the_hour(self):
        account: Account | None = None
        letters: Attempts | None = None
        sent = 0
        for minute in range(60):
            now = NOW + timedelta(minutes=minute)
            _, changed, counted = registered(account, letters, now=now)
            account, letters, sent = changed.state, counted.state, sent + bool(changed.events)

        assert sent == 5

    def test_does_nothing_for_a_new_address_beyond_the_limit(self):
        letters = Attempts(id="l-1", made=(NOW,) * 5)

        assert [change.state for change in registered(letters=letters)] == [None, None, letters]


class TestActivate:
    @pytest.mark.feature("ACC-25")
    def test_makes_true_what_was_asked_with_the_link(self):
        change = activate(a_pending_account(first_name="?"), nonce="n-1", now=NOW)

        assert change.state
        assert change.state.status == "active"
        assert change.state.password_hash == "hash-of-lea"
        [person] = change.events
        assert isinstance(person, PersonChanged)
        assert person.active
        assert person.first_name == "Léa"

    def test_changes_nothing_when_repeated(self):
        active = activate(a_pending_account(), nonce="n-1", now=NOW).state

        again = activate(active, nonce="n-1", now=NOW)

        assert again.state == active
        assert again.events == ()

    def test_voids_every_other_link(self):
        other = a_link(nonce="n-2", registration=a_registration())
        account = a_pending_account()
        account = replace(account, links=(*account.links, other))
        active = activate(account, nonce="n-1", now=NOW).state

        with pytest.raises(LinkNoLongerValid):
            activate(active, nonce="n-2", now=NOW)

    @pytest.mark.feature("ACC-25")
    @pytest.mark.parametrize(("minutes", "good"), [(59, True), (60, False)])
    def test_is_possible_for_sixty_minutes(self, minutes: int, good: bool):
        at = NOW + timedelta(minutes=minutes)

        if good:
            assert activate(a_pending_account(), nonce="n-1", now=at).events
        else:
            with pytest.raises(LinkNoLongerValid):
                activate(a_pending_account(), nonce="n-1", now=at)

    @pytest.mark.parametrize("account", [None, an_account(), an_account(status="deactivated")])
    def test_refuses_a_link_that_was_never_sent(self, account: Account | None):
        with pytest.raises(LinkNoLongerValid):
            activate(account, nonce="n-1", now=NOW)

    def test_refuses_a_link_sent_for_something_else(self):
        account = a_pending_account(links=(a_link(purpose="password-reset"),))

        with pytest.raises(LinkNoLongerValid):
            activate(account, nonce="n-1", now=NOW)


def sent(account: Account | None, letters: Attempts | None = None, **but: Any) -> Any:
    asked = {"link": a_link(nonce="n-9"), "letters_id": "l-1", "limit": FIVE_AN_HOUR, "now": NOW}
    return send_link(account, letters, **asked | but)


class TestSendLink:
    def test_asks_again_for_what_was_asked_last_even_when_its_link_has_expired(self):
        later = NOW + timedelta(days=2)
        link = a_link(nonce="n-9", expires_at=later + timedelta(hours=1))

        account, _ = sent(a_pending_account(), link=link, now=later)

        assert told(account) == [LinkRequested]
        assert activate(account.state, nonce="n-9", now=later).state.password_hash == "hash-of-lea"

    @pytest.mark.parametrize(
        ("account", "purpose"),
        [
            (an_account(), "activation"),
            (a_pending_account(), "password-reset"),
            (an_account(status="deactivated"), "activation"),
            (an_account(status="deactivated"), "password-reset"),
        ],
    )
    def test_sends_no_link_that_makes_no_sense(self, account: Account, purpose: str):
        changed, counted = sent(account, link=a_link(purpose=purpose))

        assert changed.state == account
        assert changed.events == ()
        assert counted.state

    def test_counts_for_unknown_addresses_as_well(self):
        account, counted = sent(None)

        assert account.state is None
        assert counted.state.made == (NOW,)

    def test_is_silent_beyond_the_limit(self):
        letters = Attempts(id="l-1", made=(NOW,) * 5)

        assert [change.events for change in sent(a_pending_account(), letters)] == [(), ()]


class TestLoginId:
    def test_says_nothing_of_the_address(self):
        assert "lea" not in login_id("lea@example.org")


class TestCheck:
    @pytest.mark.parametrize("password", ["twelve chars", "x" * 127 + "y", "aaaaaaaaaaab"])
    def test_accepts(self, password: str):
        check(password, "lea.martin@example.org")

    @pytest.mark.parametrize(
        "password", ["", "eleven char", "x" * 128 + "y", "aaaaaaaaaaaa", "my LEA.martin pass"]
    )
    def test_refuses_naming_the_field_and_not_the_password(self, password: str):
        with pytest.raises(PasswordRefused) as refused:
            check(password, "lea.martin@example.org")

        problem = refused.value.as_json()
        assert problem["errors"][0]["pointer"] == "/body/password"
        assert not password or password not in str(problem)

    def test_lets_short_names_stand_in_long_passwords(self):
        check("a long enough password", "lo@example.org")
