"""Accounts that nobody ever activated."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.users import PersonErased
from services.users.domain.accounts import Account, activate, expected
from services.users.domain.logins import Login, login_id
from services.users.domain.unactivated import erase
from tests.users.people import NOW, a_pending_account, an_account
from tests.users.test_accounts import registered

LOGIN = Login(id=login_id("lea@example.org"), user_id="u-lea")


def erased(account: Account | None) -> Any:
    return erase(account, LOGIN, now=NOW)


class TestErase:
    def test_forgets_the_person_and_frees_the_address(self):
        account, login = erased(a_pending_account(wake_at=NOW))

        assert (account.state, login.state) == (None, None)
        assert [type(event) for event in account.events] == [PersonErased]

    @pytest.mark.parametrize(
        "account",
        [
            None,
            a_pending_account(wake_at=NOW + timedelta(seconds=1)),
            an_account(),
            an_account(status="deactivated", wake_at=NOW),
        ],
    )
    def test_leaves_everybody_else_alone(self, account: Account | None):
        changed, login = erased(account)

        assert (changed.state, changed.events, login.state) == (account, (), LOGIN)

    def test_waits_for_an_invitation_that_is_still_good(self):
        until = NOW + timedelta(days=9)
        invited = {"user_id": "u-lea", "email": "lea@example.org", "now": NOW, "until": until}
        waiting = expected(None, **invited).state

        assert erased(waiting)[0].state == waiting
        assert erased(registered(waiting)[1].state)[0].state
        assert erase(waiting, LOGIN, now=until)[0].state is None

    def test_waits_again_after_another_registration(self):
        again = registered(a_pending_account(wake_at=NOW))[1].state

        assert again
        assert again.wake_at == NOW + timedelta(days=7)

    def test_is_off_once_activated(self):
        account = activate(a_pending_account(wake_at=NOW), nonce="n-1", now=NOW).state

        assert account
        assert account.wake_at is None
