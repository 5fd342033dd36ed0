"""
Setting up a second factor: an authenticator app, or codes by letter.

Whoever has no password yet (they come in with a provider) chooses one by letter first.
"""

import base64
import secrets
from collections.abc import Callable
from functools import partial

import pyotp
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kit.attempts import TooManyAttempts, attempts_id
from kit.clock import now
from kit.http import Person, Said, may_answer
from services.users.api.fields import Accepted, Code, Password, Proof
from services.users.codes import Codes
from services.users.domain import second_factor as domain
from services.users.domain.accounts import Account, SentCode
from services.users.domain.passwords import WrongPassword
from services.users.domain.second_factor import (
    NoSecondFactor,
    Proved,
    SecondFactorAlreadyOn,
    Shown,
    WrongCode,
)
from services.users.identity import Identity
from services.users.proving import Proving
from services.users.settings import UsersSettings

RECOVERY_CODES = 10
NOT_KEPT = {"Cache-Control": "no-store"}
PROVING = (WrongPassword, WrongCode, TooManyAttempts)


class Secret(BaseModel):
    secret: str = Field(description="Shown once, to the app alone")
    uri: str = Field(description="The same for a QR code")


class NewCode(Said):
    current_password: Password
    code: Code


class AnyCode(Said):
    current_password: Password
    code: Proof


class State(BaseModel):
    on: bool


class RecoveryCodes(BaseModel):
    codes: tuple[str, ...] = Field(description="Shown once; each is good once")


class Factors:
    """Asks for the password and a code, and counts those that are wrong."""

    def __init__(
        self, identity: Identity, codes: Codes, proving: Proving, settings: UsersSettings
    ) -> None:
        self._identity, self._codes, self._proving = identity, codes, proving
        self._limit, self._letters = settings.sign_in_limit, settings.codes_limit
        self._code_for = settings.code_for

    async def turn_on(self, user_id: str, said: NewCode) -> None:
        proved = await self._proved(user_id, said)
        decide = partial(
            domain.turn_on,
            code=said.code,
            password_version=proved.password_version,
            keys=self._codes,
            now=now(),
        )
        await self._identity.accounts.change(user_id, decide)

    async def show(
        self, user_id: str, said: NewCode | AnyCode, decide: Callable[..., Proved]
    ) -> Account | None:
        """The account as it is afterwards: unchanged when the code was wrong."""
        proved = await self._proved(user_id, said)
        tries_id = attempts_id("second-factor", user_id)
        shown = Shown(
            code=said.code,
            password_version=proved.password_version,
            keys=self._codes,
            tries_id=tries_id,
            limit=self._limit,
            now=now(),
        )
        account: Account | None
        account, _ = await self._identity.committer.change_together(
            (self._identity.accounts.at(user_id), self._identity.attempts.at(tries_id)),
            partial(decide, shown=shown),
        )
        return account

    async def _proved(self, user_id: str, said: NewCode | AnyCode) -> Account:
        return await self._proving.password(user_id, said.current_password.get_secret_value())

    async def send_code(self, user_id: str) -> None:
        letters_id, at = attempts_id("codes", user_id), now()
        code = SentCode(nonce=secrets.token_urlsafe(32), expires_at=at + self._code_for)
        await self._identity.committer.change_together(
            (self._identity.accounts.at(user_id), self._identity.attempts.at(letters_id)),
            partial(
                domain.send_code, code=code, letters_id=letters_id, limit=self._letters, now=at
            ),
        )


def second_factor_routes(
    identity: Identity, codes: Codes, proving: Proving, settings: UsersSettings
) -> APIRouter:
    routes = APIRouter(prefix="/v1/second-factor", tags=["accounts"])
    factors = Factors(identity, codes, proving, settings)

    @routes.post("", status_code=201, responses=may_answer(SecondFactorAlreadyOn))
    async def set_up(caller: Person, response: Response) -> Secret:
        """Get a secret for an authenticator app. It counts once you have shown a code of it."""
        secret = pyotp.random_base32()
        account = await identity.accounts.change(
            caller.user_id, partial(domain.set_up, secret=codes.seal(secret))
        )
        response.headers.update(NOT_KEPT)
        uri = pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name="Chorale")
        return Secret(secret=secret, uri=uri)

    @routes.put("", responses=may_answer(*PROVING, NoSecondFactor))
    async def turn_on(shown: NewCode, caller: Person) -> State:
        """Ask for a code of the app at every sign-in from now on."""
        await factors.turn_on(caller.user_id, shown)
        return State(on=True)

    @routes.post("/letters", status_code=202, responses=may_answer(TooManyAttempts))
    async def send_code(caller: Person) -> Accepted:
        """Have a code sent to your login address; the one before is void."""
        await factors.send_code(caller.user_id)
        return Accepted()

    @routes.put("/email", responses=may_answer(*PROVING, SecondFactorAlreadyOn))
    async def turn_email_on(shown: NewCode, caller: Person) -> State:
        """Ask for a code sent by letter at every sign-in from now on; show one that was sent."""
        account = await factors.show(caller.user_id, shown, domain.turn_email_on)
        if account is None or not account.email_codes:
            raise WrongCode
        return State(on=True)

    @routes.delete("", status_code=204, responses=may_answer(*PROVING))
    async def turn_off(shown: AnyCode, caller: Person) -> None:
        """Ask for no code any more. A last one is needed, or one that recovers it."""
        account = await factors.show(caller.user_id, shown, domain.turn_off)
        if account and domain.method(account):
            raise WrongCode

    @routes.post(
        "/recovery-codes",
        status_code=201,
        responses=may_answer(*PROVING, NoSecondFactor),
    )
    async def make_recovery_codes(
        shown: AnyCode, caller: Person, response: Response
    ) -> RecoveryCodes:
        """Get codes that stand in for the second factor; those given before are void."""
        made = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
        hashes = tuple(domain.recovery_hash(one) for one in made)
        account = await factors.show(
            caller.user_id, shown, partial(domain.renew_recovery_codes, hashes=hashes)
        )
        if account is None or account.recovery_codes != hashes:
            raise WrongCode
        response.headers.update(NOT_KEPT)
        return RecoveryCodes(codes=made)

    return routes


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
