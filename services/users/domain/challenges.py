"""The step between a right password and a session, for accounts with a second factor."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kit.attempts import Attempts, Limit, attempt
from kit.change import Change, Entity
from kit.problems import Unauthorized
from services.users.domain.accounts import Account, SentCode
from services.users.domain.second_factor import Keys, code_requested, method, prove
from services.users.domain.sessions import Session, sign_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge(Entity):
    """
    A password has been proved, a code is awaited.

    The attempt it began with stays counted until the code is right: a known password alone must
    not buy endless codes.
    """

    user_id: str
    password_version: int
    account_tries: str
    address_tries: str
    tries_left: int
    sent_code: SentCode | None = None
    """Of its own: who signs in elsewhere at the same moment must not void it."""
    created_at: datetime
    expires_at: datetime

    def stands(self, now: datetime) -> bool:
        return self.tries_left > 0 and now < self.expires_at


class CodeRefused(Unauthorized):
    """This code is wrong, or has been used already."""


class ChallengeOver(Unauthorized):
    """Too late or too many tries: sign in again."""


def send_code(
    account: Account | None,
    challenge: Challenge | None,
    letters: Attempts | None,
    *,
    code: SentCode,
    letters_id: str,
    limit: Limit,
    now: datetime,
) -> tuple[Change[Account], Change[Challenge], Change[Attempts]]:
    """Have a letter written with a code; one that was sent before is void."""
    if challenge is None or not challenge.stands(now):
        raise ChallengeOver
    if account is None or account.status != "active" or method(account) != "email":
        raise ChallengeOver
    counted = attempt(letters, id=letters_id, limit=limit, now=now)
    asked = code_requested(account.id, code)
    return Change(account, (asked,)), Change(replace(challenge, sent_code=code)), counted


def answer(
    challenge: Challenge | None,
    tries: Attempts | None,
    from_address: Attempts | None,
    account: Account | None,
    _: Session | None,
    *oldest: Session | None,
    code: str,
    keys: Keys,
    session: Session,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Open a session when the code is right, and use the challenge up.

    A wrong code is counted, so it is kept and not refused here: the challenge that comes back has
    a try less.
    """
    if challenge is None or not challenge.stands(now):
        raise ChallengeOver
    if account is None or method(account) is None:
        raise ChallengeOver
    proved = prove(account, code, sent=challenge.sent_code, keys=keys, now=now)
    if proved is None:
        fewer = replace(challenge, tries_left=challenge.tries_left - 1)
        unchanged = (tries, from_address, account, None, *oldest)
        return Change(fewer), *(Change(one) for one in unchanged)
    return Change(None), *sign_in(
        tries,
        from_address,
        proved,
        None,
        *oldest,
        session=session,
        password_version=challenge.password_version,
        asked_for=method(account),
        attempted_at=challenge.created_at,
        access_for=access_for,
    )


def forget(current: Challenge | None, *, now: datetime) -> Change[Challenge]:
    over = current is None or current.expires_at <= now
    return Change(None if over else current)
