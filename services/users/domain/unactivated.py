"""Accounts that nobody ever activated are erased, once no letter can activate them any more."""

from dataclasses import replace
from datetime import datetime

from contracts.users import PersonErased
from kit.change import Change
from services.users.domain.accounts import Account
from services.users.domain.invitations import Invitee
from services.users.domain.logins import Login


def erase(
    account: Account | None, login: Login | None, invitee: Invitee | None, *, now: datetime
) -> tuple[Change[Account], Change[Login], Change[Invitee]]:
    """Forget a person who never came, and leave their address to whoever comes next."""
    unchanged = Change(account), Change(login), Change(invitee)
    if account is None or account.status != "pending":
        return unchanged
    if account.wake_at is None or now < account.wake_at:
        return unchanged
    invited = [one.expires_at for one in invitee.invitations] if invitee else []
    if invited and now < max(invited):
        return Change(replace(account, wake_at=max(invited))), *unchanged[1:]
    theirs = login is not None and login.user_id == account.id
    erased = PersonErased(user_id=account.id, erased_at=now)
    return Change(None, (erased,)), Change(None if theirs else login), Change(None)
