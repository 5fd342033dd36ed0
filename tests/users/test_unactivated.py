"""Accounts that nobody ever activated."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.users import PersonErased
from services.users.domain.accounts import Account, activate, expected
from services.users.domain.invitations import Invitee
from services.users.domain.logins import Login, login_id
from services.users.domain.unactivated import erase
from tests.users.people import NOW, a_pending_account, an_account
from tests.users.test_accounts import registered
from tests.users.test_invitations import an_invitation

LOGIN = Login(id=login_id("lea@example.org"), user_id="u-lea")


def erased(account: Account | None, invitee: Invitee | None = None) -> Any:
    return erase(account, LOGIN, invitee, now=NOW)


class TestErase:
    def test_forgets_the_person_and_frees_the_address(self):
        account, login, _ = erased(a_pending_account(wake_at=NOW))

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
        changed, login, _ = erased(account)

        assert (changed.state, changed.events, login.state) == (account, (), LOGIN)

    def test_waits_for_an_invitation_that_is_still_good(self):
        until = NOW + timedelta(days=9)
        invited = Invitee(id="u-lea", email="l", invitations=(an_invitation(expires_at=until),))
        waiting = expected(None, user_id="u-lea", email="lea@example.org", now=NOW).state

        account, login, _ = erased(waiting, invited)

        assert account.state.wake_at == until
        assert login.state == LOGIN
        assert erase(account.state, LOGIN, invited, now=until)[2].state is None

    def test_waits_again_after_another_registration(self):
        again = registered(a_pending_account(wake_at=NOW))[1].state

        assert again
        assert again.wake_at == NOW + timedelta(days=7)

    def test_is_off_once_activated(self):
        account = activate(a_pending_account(wake_at=NOW), nonce="n-1", now=NOW).state

        assert account
        assert account.wake_at is None
