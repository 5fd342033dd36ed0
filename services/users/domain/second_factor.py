"""Codes of an authenticator app, as a second proof at sign-in (RFC 6238)."""

from dataclasses import replace
from datetime import datetime
from hmac import compare_digest

from pyotp import TOTP

from kit.change import Change
from kit.problems import Conflict, Invalid, NotFound
from services.users.domain.accounts import Account, SecondFactor
from services.users.domain.attempts import Attempts, Limit, attempt

DRIFT = 1
"""Steps before and after the present one that the clock of a telephone may be off."""


class SecondFactorAlreadyOn(Conflict):
    """The second factor is on: turn it off before setting up another."""


class NoSecondFactor(NotFound):
    """No second factor has been set up."""


class WrongCode(Invalid):
    """This code is wrong, or has been used already."""

    def __init__(self) -> None:
        super().__init__(self.title(), field="body/code")


def is_on(account: Account) -> bool:
    return account.second_factor is not None and account.second_factor.on


def set_up(account: Account | None, *, secret: str) -> Change[Account]:
    """Share a new secret. It protects nothing before its owner has shown a code of it."""
    if account is None:
        raise NoSecondFactor
    if is_on(account):
        raise SecondFactorAlreadyOn
    return Change(replace(account, second_factor=SecondFactor(secret=secret)))


def turn_on(account: Account | None, *, code: str, now: datetime) -> Change[Account]:
    if account is None or account.second_factor is None:
        raise NoSecondFactor
    if account.second_factor.on:
        return Change(account)
    shown = show(account.second_factor, code, now)
    if shown is None:
        raise WrongCode
    return Change(replace(account, second_factor=replace(shown, on=True)))


def turn_off(
    account: Account | None,
    tries: Attempts | None,
    *,
    code: str,
    tries_id: str,
    limit: Limit,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts]]:
    """
    Give the second factor up, with a code of it.

    A wrong code is counted, so it is kept and not refused here: the account that comes back still
    has its second factor.
    """
    if account is None or account.second_factor is None:
        return Change(account), Change(tries)
    counted = attempt(tries, id=tries_id, limit=limit, now=now)
    if show(account.second_factor, code, now) is None:
        return Change(account), counted
    return Change(replace(account, second_factor=None)), Change(None)


def show(factor: SecondFactor, code: str, now: datetime) -> SecondFactor | None:
    """The second factor once this code has been used up, or None when the code is not good."""
    codes = TOTP(factor.secret)
    present = int(now.timestamp()) // codes.interval
    for step in range(present - DRIFT, present + DRIFT + 1):
        if step > factor.last_step and compare_digest(codes.generate_otp(step), code):
            return SecondFactor(secret=factor.secret, on=factor.on, last_step=step)
    return None
