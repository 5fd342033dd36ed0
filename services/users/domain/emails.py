"""
How a login or a contact address is changed.

A new address counts once its owner has followed the link that was sent to it. The old login
address is sent a link that stops the change, and for some days takes it back: whoever stole a
session and a password must not keep the account.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kit.attempts import Attempts, Limit, attempt
from kit.change import Change
from kit.problems import Conflict, NotFound
from services.users.domain import second_factor
from services.users.domain.accounts import (
    Account,
    AccountMoved,
    LinkNoLongerValid,
    SentLink,
    changed,
    link_requested,
    person_changed,
    used,
)
from services.users.domain.logins import Login, login_id
from services.users.domain.passwords import WrongPassword
from services.users.domain.provider_sign_ins import LinkedIdentity
from services.users.domain.sessions import Session, shut


class LoginTaken(Conflict):
    """This address opens another account: it cannot open yours."""


@dataclass(frozen=True, slots=True)
class LetterLimit:
    """How many letters one address is sent, and one user has sent, by whomever they are asked."""

    to_address: str
    of_user: str
    limit: Limit


def counted(
    to_address: Attempts | None, of_user: Attempts | None, letters: LetterLimit, now: datetime
) -> tuple[Change[Attempts], Change[Attempts]]:
    """Count one more letter to an address that its owner has not proved, or refuse it."""
    return (
        attempt(to_address, id=letters.to_address, limit=letters.limit, now=now),
        attempt(of_user, id=letters.of_user, limit=letters.limit, now=now),
    )


def ask_for_login(
    account: Account | None,
    to_address: Attempts | None,
    of_user: Attempts | None,
    *,
    confirmation: SentLink,
    cancellation: SentLink,
    password_version: int,
    letters: LetterLimit,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts], Change[Attempts]]:
    """
    Await the proof of another login, in place of one that was awaited before.

    Whether the address is free is said to nobody but to whoever reads its mail.
    """
    if account is None or account.status != "active":
        raise NotFound
    if account.password_version != password_version:
        raise WrongPassword
    if confirmation.email == account.email:
        return _stopped(account), Change(to_address), Change(of_user)
    stood = _stands_since(account, now) or cancellation.asked_at
    undo = replace(cancellation, email=account.email, asked_at=stood)
    asked = replace(account, links=(*_without_asked(account), confirmation, undo))
    told = (
        person_changed(asked),
        link_requested(account.id, confirmation),
        link_requested(account.id, undo),
        changed(account, "login-change-asked", by=account.id, now=now),
    )
    return Change(asked, told), *counted(to_address, of_user, letters, now)


def confirm_login(
    account: Account | None, new: Login | None, old: Login | None, *, nonce: str, now: datetime
) -> tuple[Change[Account], Change[Login], Change[Login]]:
    """
    Sign in with the new address from now on.

    The old one stays claimed until it can no longer come back. Links to it are void, but for that.
    """
    link = used(account, nonce, "login-confirmation", now)
    if account is None or account.status != "active":
        raise LinkNoLongerValid
    if old is None or old.id != login_id(account.email):
        raise AccountMoved
    if new is not None and new.user_id != account.id:
        raise LoginTaken(field="body/token")
    undo = account.awaited("login-cancellation")
    renamed = replace(
        account,
        email=link.email,
        contact_email=None if account.contact_email == link.email else account.contact_email,
        links=account.links_but("login-confirmation", "password-reset"),
        sent_code=None,
        edition=account.edition + 1,
    )
    told = changed(account, "login-changed", by="", now=now)
    claim = new or Login(id=login_id(link.email), user_id=account.id)
    return (
        Change(renamed, (person_changed(renamed), told)),
        Change(replace(claim, wake_at=None)),
        Change(replace(old, wake_at=undo.expires_at if undo else now)),
    )


def stop_login_change(account: Account | None, *, nonce: str, now: datetime) -> Change[Account]:
    """Await another login no longer, at the word of whoever reads the mail of the present one."""
    link = used(account, nonce, "login-cancellation", now)
    if account is None or account.status != "active":
        raise LinkNoLongerValid
    if link.email != account.email:
        raise AccountMoved
    stopped = _stopped(account)
    told = changed(account, "login-change-cancelled", by="", now=now)
    return replace(stopped, events=(*stopped.events, told))


def take_login_back(
    account: Account | None,
    old: Login | None,
    current: Login | None,
    *openings: Session | LinkedIdentity | None,
    nonce: str,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Undo a change that was confirmed, at the word of whoever reads the mail of the old login.

    Every device is signed out and the password is void: whoever changed the address knew it. What
    else they may have brought along since goes too. They may have deactivated the account: it stays
    so, and its owner reactivates it.

    ``openings`` must be all sessions and all linked identities of the account.
    """
    link = used(account, nonce, "login-cancellation", now)
    if account is None or account.status not in ("active", "deactivated"):
        raise LinkNoLongerValid
    if current is None or current.id != login_id(account.email) or link.email == account.email:
        raise AccountMoved
    since = link.asked_at or account.created_at
    secured, closed = shut(account, *openings, since=since, access_for=access_for, now=now)
    earlier = account.links[: account.links.index(link)]
    back = replace(
        _without_since(secured, since),
        email=link.email,
        contact_email=None,
        password_hash="",
        password_version=account.password_version + 1,
        links=tuple(one for one in earlier if one.purpose == "login-cancellation"),
        sent_code=None,
        edition=account.edition + 1,
    )
    told = changed(account, "login-change-cancelled", by="", now=now)
    return (
        Change(back, (person_changed(back), told)),
        Change(old and replace(old, wake_at=None)),
        Change(replace(current, wake_at=now)),
        *closed,
    )


def confirm_contact(account: Account | None, *, nonce: str, now: datetime) -> Change[Account]:
    """Write to this address from now on. What the account is signed in to with stays."""
    link = used(account, nonce, "contact-confirmation", now)
    if account is None or account.status != "active":
        raise LinkNoLongerValid
    proved = replace(
        account,
        contact_email=None if link.email == account.email else link.email,
        links=account.links_but("contact-confirmation"),
        edition=account.edition + 1,
    )
    told = changed(account, "contact-changed", by="", now=now)
    return Change(proved, (person_changed(proved), told))


def release(
    login: Login | None, account: Account | None, *, now: datetime
) -> tuple[Change[Login], Change[Account]]:
    """Give up the claim of an address that opens nothing any more, and cannot come back."""
    if login is None or login.wake_at is None or now < login.wake_at:
        return Change(login), Change(account)
    if account is None or login_id(account.email) == login.id:
        kept = None if account is None else replace(login, wake_at=None)
        return Change(kept), Change(account)
    ends = [
        link.expires_at
        for link in account.outstanding(now)
        if link.purpose == "login-cancellation" and login_id(link.email) == login.id
    ]
    return Change(replace(login, wake_at=max(ends)) if ends else None), Change(account)


def _stands_since(account: Account, now: datetime) -> datetime | None:
    """When another login was first asked for, if one is awaited still."""
    asked = (
        link.asked_at
        for link in account.outstanding(now)
        if (link.purpose, link.email) == ("login-cancellation", account.email)
    )
    return next(asked, None)


def _without_since(account: Account, since: datetime) -> Account:
    """Without the proofs, besides the password, that were chosen from then on."""
    question, codes_since = account.secret_question, account.codes_since
    if question and question.chosen_at and question.chosen_at >= since:
        account = replace(account, secret_question=None)
    if account.second_factor and not account.second_factor.on:
        account = replace(account, second_factor=None)
    return second_factor.without(account) if codes_since and codes_since >= since else account


def _without_asked(account: Account) -> tuple[SentLink, ...]:
    """
    The links but those of a change that was asked for and is not confirmed.

    A cancellation that names the present login is of such a change; any other takes one back.
    """
    return tuple(
        link
        for link in account.links_but("login-confirmation")
        if (link.purpose, link.email) != ("login-cancellation", account.email)
    )


def _stopped(account: Account) -> Change[Account]:
    stopped = replace(account, links=_without_asked(account))
    return Change(stopped, (person_changed(stopped),) if stopped != account else ())
