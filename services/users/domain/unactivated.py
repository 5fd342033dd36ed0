"""Accounts that nobody ever activated are erased, once no letter can activate them any more."""

from datetime import datetime

from contracts.users import PersonErased
from kit.change import Change
from services.users.domain.accounts import Account
from services.users.domain.logins import Login


def erase(
    account: Account | None, login: Login | None, *, now: datetime
) -> tuple[Change[Account], Change[Login]]:
    """Forget a person who never came, and leave their address to whoever comes next."""
    if account is None or account.status != "pending":
        return Change(account), Change(login)
    if account.wake_at is None or now < account.wake_at:
        return Change(account), Change(login)
    theirs = login is not None and login.user_id == account.id
    erased = PersonErased(user_id=account.id, erased_at=now)
    return Change(None, (erased,)), Change(None if theirs else login)
