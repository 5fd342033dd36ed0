"""Leaving the platform, and coming back to it in time (ACC-10..18)."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from contracts.users import ReactivationRefused
from kit.attempts import Attempts, Limit, attempt, locked_until
from kit.change import Change
from kit.days import day_of
from kit.problems import Conflict, Invalid, NotFound
from services.users.domain.accounts import (
    Account,
    LinkNoLongerValid,
    SecretQuestion,
    SentLink,
    changed,
    person_changed,
    send,
    used,
)
from services.users.domain.passwords import WrongPassword
from services.users.domain.sessions import Session, all_ended
from services.users.domain.transfers import SHOWN, ManagementMoved


class SuccessorsMissing(Conflict):
    """Somebody else must manage your structures first: name one for all, or one for each."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(
            self.title(),
            field="body/successors",
            structure_ids=list(missing[:SHOWN]),
            count=len(missing),
        )


class TwiceNamed(Invalid):
    """Name one successor for all your structures, or one for each: not both."""


class TooLateToReactivate(Conflict):
    """This account was deactivated too long ago: the support desk can tell you what is possible."""


class NothingToReactivate(Conflict):
    """This account is not deactivated."""


class PasswordUsedBefore(Invalid):
    """Choose another password than the one you had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactivation:
    """What somebody who comes back has chosen anew."""

    nonce: str
    password_hash: str
    question: SecretQuestion


def successors(
    managed: tuple[str, ...], *, one_for_all: str | None, each: dict[str, str]
) -> dict[str, str]:
    """Who is to manage which structure; refused while one of those that are managed has none."""
    if one_for_all and each:
        raise TwiceNamed(field="body/successors")
    named = dict.fromkeys(managed, one_for_all) if one_for_all else each
    if missing := tuple(one for one in managed if one not in named):
        raise SuccessorsMissing(missing)
    return {structure: user for structure, user in named.items() if user}


def deactivate(
    account: Account | None,
    *sessions: Session | None,
    password_version: int,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Sign every device out, and let nobody in any more. What was granted stays as it is.

    ``sessions`` must be all those of the account; ``password_version`` is of the password that was
    proved a moment ago. Refused to whoever still manages something.
    """
    if account is None or account.status == "pending":
        raise NotFound
    if account.status == "deactivated":
        return Change(account), *map(Change, sessions)
    if account.password_version != password_version:
        raise WrongPassword
    if account.manages:
        raise ManagementMoved
    secured, *ended = all_ended(account, *sessions, access_for=access_for, now=now)
    left = replace(
        secured,
        status="deactivated",
        deactivated_at=now,
        links=_undoing(account),
        sent_code=None,
    )
    told = changed(account, "deactivated", by=account.id, now=now)
    return Change(left, (person_changed(left), told)), *ended


def last_day(account: Account, within: timedelta) -> date:
    """The last day in Europe/Paris on which somebody may come back."""
    return day_of(account.deactivated_at or account.created_at) + within


def in_time(account: Account, within: timedelta, now: datetime) -> bool:
    return day_of(now) <= last_day(account, within)


def ask_to_reactivate(
    account: Account | None,
    letters: Attempts | None,
    *,
    link: SentLink,
    letters_id: str,
    limit: Limit,
    within: timedelta,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts]]:
    """
    Send the owner of a deactivated account a link, or word that it is too late for one.

    Asking is counted for unknown addresses too, so that they take the same time.
    """
    if locked_until(letters, limit, now):
        return Change(account), Change(letters)
    counted = attempt(letters, id=letters_id, limit=limit, now=now)
    if account is None or account.status != "deactivated":
        return Change(account), counted
    if in_time(account, within, now):
        return send(account, link, now), counted
    refused = ReactivationRefused(user_id=account.id, refusal_id=link.nonce, refused_at=now)
    return Change(account, (refused,)), counted


def send_back(
    account: Account | None, *, link: SentLink, reason: str, now: datetime
) -> Change[Account]:
    """Send the owner of a deactivated account the desk's link, however late (ACC-18)."""
    if account is None:
        raise NotFound
    if account.status != "deactivated":
        raise NothingToReactivate
    sent = send(account, link, now, reason=reason)
    told = changed(account, "reactivation-sent", by=link.sent_by, now=now)
    return Change(sent.state, (*sent.events, told))


def back_in_time(account: Account | None, nonce: str, within: timedelta, now: datetime) -> Account:
    """The account that this link opens again: in time, unless the desk sent it."""
    link = used(account, nonce, "reactivation", now)
    if account is None or account.status != "deactivated":
        raise LinkNoLongerValid
    if not link.sent_by and not in_time(account, within, now):
        raise TooLateToReactivate
    return account


def reactivate(
    account: Account | None,
    _tries: Attempts | None,
    *,
    chosen: Reactivation,
    within: timedelta,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts]]:
    """
    Open an account again, with another password and another secret question. Unlocks it too.

    Letters go to the login again, as after a reset of the password.
    """
    account = back_in_time(account, chosen.nonce, within, now)
    back = replace(
        account,
        status="active",
        contact_email=None,
        edition=account.edition + 1,
        deactivated_at=None,
        links=_undoing(account),
        password_hash=chosen.password_hash,
        password_version=account.password_version + 1,
        secret_question=chosen.question,
    )
    told = changed(account, "reactivated", by="", now=now)
    return Change(back, (person_changed(back), told)), Change(None)


def _undoing(account: Account) -> tuple[SentLink, ...]:
    """What takes the login back stays good: whoever has stolen it may be who leaves."""
    return tuple(one for one in account.links if one.purpose == "login-cancellation")
