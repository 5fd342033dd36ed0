"""
A second proof at sign-in: a code of an authenticator app (RFC 6238), or else one sent by letter.

Recovery codes stand in for either. All that changes how it is asked for needs the password and a
code: a stolen session alone must neither open an account to others nor close it to its owner.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, Protocol

from pyotp import TOTP

from contracts.users import CodeRequested
from kit.attempts import Attempts, Limit, attempt
from kit.change import Change
from kit.problems import Conflict, Invalid, NotFound
from services.users.domain.accounts import Account, Action, SecondFactor, SentCode, changed
from services.users.domain.passwords import WrongPassword

DRIFT = 1
"""Steps before and after the present one that the clock of a telephone may be off."""

Method = Literal["app", "email"]


class Keys(Protocol):
    """What only this installation can tell. The same answer each time."""

    def unseal(self, secret: str) -> str: ...

    def code_of(self, user_id: str, nonce: str) -> str: ...


class SecondFactorAlreadyOn(Conflict):
    """The second factor is on: turn it off before setting up another."""


class NoSecondFactor(NotFound):
    """No second factor has been set up."""


class WrongCode(Invalid):
    """This code is wrong, or has been used already."""

    def __init__(self) -> None:
        super().__init__(self.title(), field="body/code")


def method(account: Account) -> Method | None:
    """How this account asks for a code, if it does."""
    if account.second_factor and account.second_factor.on:
        return "app"
    return "email" if account.email_codes else None


def set_up(account: Account | None, *, secret: str) -> Change[Account]:
    """Share a new secret. It protects nothing before its owner has shown a code of it."""
    if account is None:
        raise NoSecondFactor
    if method(account):
        raise SecondFactorAlreadyOn
    return Change(replace(account, second_factor=SecondFactor(secret=secret)))


def turn_on(
    account: Account | None, *, code: str, password_version: int, keys: Keys, now: datetime
) -> Change[Account]:
    """``password_version``: of the password that was proved a moment ago."""
    if account is None or account.second_factor is None:
        raise NoSecondFactor
    if account.second_factor.on:
        return Change(account)
    if account.password_version != password_version:
        raise WrongPassword
    shown = _shown(account.second_factor, code, keys, now)
    if shown is None:
        raise WrongCode
    on = replace(account, second_factor=replace(shown, on=True), codes_since=now)
    return Change(on, (changed(on, "second-factor-on", by=on.id, now=now),))


def send_code(
    account: Account | None,
    letters: Attempts | None,
    *,
    code: SentCode,
    letters_id: str,
    limit: Limit,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts]]:
    """Have a letter written with a code, for somebody who is signed in."""
    if account is None or account.status != "active":
        raise NotFound
    counted = attempt(letters, id=letters_id, limit=limit, now=now)
    return Change(replace(account, sent_code=code), (code_requested(account.id, code),)), counted


def code_requested(user_id: str, code: SentCode) -> CodeRequested:
    return CodeRequested(user_id=user_id, nonce=code.nonce, expires_at=code.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A code that somebody who is signed in shows, and how often they may be wrong."""

    code: str
    password_version: int
    keys: Keys
    tries_id: str
    limit: Limit
    now: datetime


Proved = tuple[Change[Account], Change[Attempts]]
"""A wrong code is counted, so it is kept and not refused: the account comes back as it was."""


def turn_email_on(account: Account | None, tries: Attempts | None, *, shown: Shown) -> Proved:
    """Ask for codes by letter from now on, once one has shown that letters arrive."""
    if account and method(account) == "email":
        return Change(account), Change(tries)
    if account and method(account):
        raise SecondFactorAlreadyOn

    def on(proved: Account) -> Change[Account]:
        told = changed(proved, "email-codes-on", by=proved.id, now=shown.now)
        on = replace(proved, email_codes=True, second_factor=None, codes_since=shown.now)
        return Change(on, (told,))

    return _with_code(account, tries, shown, _prove_letter, on)


def turn_off(account: Account | None, tries: Attempts | None, *, shown: Shown) -> Proved:
    """Ask for no code any more; there is nothing left that recovery codes could stand in for."""
    if account is None or method(account) is None:
        return Change(account), Change(tries)
    action: Action = "second-factor-off" if method(account) == "app" else "email-codes-off"

    def off(proved: Account) -> Change[Account]:
        bare = without(proved)
        return Change(bare, (changed(bare, action, by=bare.id, now=shown.now),))

    return _with_code(account, tries, shown, prove, off)


def without(account: Account) -> Account:
    return replace(
        account, second_factor=None, email_codes=False, recovery_codes=(), codes_since=None
    )


def renew_recovery_codes(
    account: Account | None, tries: Attempts | None, *, hashes: tuple[str, ...], shown: Shown
) -> Proved:
    """Give new ones; all that were given before are worth nothing."""
    if account is None or method(account) is None:
        raise NoSecondFactor

    def renewed(proved: Account) -> Change[Account]:
        told = changed(proved, "recovery-codes-made", by=proved.id, now=shown.now)
        return Change(replace(proved, recovery_codes=hashes), (told,))

    return _with_code(account, tries, shown, prove, renewed)


def _with_code(
    account: Account | None,
    tries: Attempts | None,
    shown: Shown,
    proof: Callable[..., Account | None],
    then: Callable[[Account], Change[Account]],
) -> Proved:
    if account is None or account.status != "active":
        raise NotFound
    if account.password_version != shown.password_version:
        raise WrongPassword
    counted = attempt(tries, id=shown.tries_id, limit=shown.limit, now=shown.now)
    proved = proof(account, shown.code, sent=account.sent_code, keys=shown.keys, now=shown.now)
    return (then(proved), Change(None)) if proved else (Change(account), counted)


def prove(
    account: Account, code: str, *, sent: SentCode | None, keys: Keys, now: datetime
) -> Account | None:
    """The account once this code has been used up, or None when the code is not good."""
    if (hashed := recovery_hash(code)) in account.recovery_codes:
        left = tuple(one for one in account.recovery_codes if one != hashed)
        return replace(account, recovery_codes=left)
    if account.second_factor and account.second_factor.on:
        used = _shown(account.second_factor, code, keys, now)
        return replace(account, second_factor=used) if used else None
    if account.email_codes:
        return _prove_letter(account, code, sent=sent, keys=keys, now=now)
    return None


def _prove_letter(
    account: Account, code: str, *, sent: SentCode | None, keys: Keys, now: datetime
) -> Account | None:
    if sent is None or sent.expires_at <= now:
        return None
    right = compare_digest(keys.code_of(account.id, sent.nonce), code)
    return replace(account, sent_code=None) if right else None


def recovery_hash(code: str) -> str:
    """Eighty bits of chance need no slow hash."""
    return sha256(code.encode()).hexdigest()


def _shown(factor: SecondFactor, code: str, keys: Keys, now: datetime) -> SecondFactor | None:
    codes = TOTP(keys.unseal(factor.secret))
    present = int(now.timestamp()) // codes.interval
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > factor.last_step and compare_digest(codes.generate_otp(step), code):
            return replace(factor, last_step=step)
    return None
