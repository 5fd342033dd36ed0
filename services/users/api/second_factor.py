"""Setting up an authenticator app."""

import pyotp
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kit.clock import now
from kit.http import Person, may_answer
from services.users.api.fields import Code
from services.users.domain import second_factor as domain
from services.users.domain.attempts import TooManyAttempts, attempts_id
from services.users.domain.second_factor import NoSecondFactor, SecondFactorAlreadyOn, WrongCode
from services.users.identity import Identity
from services.users.settings import UsersSettings


class Secret(BaseModel):
    secret: str = Field(description="Shown once, to the app alone")
    uri: str = Field(description="The same for a QR code")


class Shown(BaseModel):
    code: Code


class State(BaseModel):
    on: bool


def second_factor_routes(identity: Identity, settings: UsersSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/second-factor", tags=["accounts"])

    @routes.post("", status_code=201, responses=may_answer(SecondFactorAlreadyOn))
    async def set_up(caller: Person, response: Response) -> Secret:
        """Get a secret for an authenticator app. It counts once you have shown a code of it."""
        secret = pyotp.random_base32()
        account = await identity.accounts.get(caller.user_id)
        await identity.accounts.change(
            account.id, lambda current: domain.set_up(current, secret=secret)
        )
        response.headers["Cache-Control"] = "no-store"
        uri = pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name="Chorale")
        return Secret(secret=secret, uri=uri)

    @routes.put("", responses=may_answer(WrongCode, NoSecondFactor))
    async def turn_on(shown: Shown, caller: Person) -> State:
        """Ask for a code at every sign-in from now on."""
        at = now()
        await identity.accounts.change(
            caller.user_id, lambda current: domain.turn_on(current, code=shown.code, now=at)
        )
        return State(on=True)

    @routes.delete("", status_code=204, responses=may_answer(WrongCode, TooManyAttempts))
    async def turn_off(shown: Shown, caller: Person) -> None:
        """Ask for no code any more. A last one is needed."""
        tries_id, at = attempts_id("second-factor", caller.user_id), now()
        account, _ = await identity.committer.change_together(
            (identity.accounts.at(caller.user_id), identity.attempts.at(tries_id)),
            lambda account, tries: domain.turn_off(
                account,
                tries,
                code=shown.code,
                tries_id=tries_id,
                limit=settings.sign_in_limit,
                now=at,
            ),
        )
        if account and account.second_factor:
            raise WrongCode

    return routes
