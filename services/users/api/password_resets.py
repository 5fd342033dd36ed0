"""Replacing a forgotten password."""

from functools import partial
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kit.attempts import TooManyAttempts, attempts_id
from kit.clock import now
from kit.collection import Place
from kit.http import Anyone, Said, may_answer
from kit.links import LinkExpired, LinkInvalid, read_link
from kit.robots import FOR_PEOPLE, Robots
from services.users.api.fields import Accepted, Address, Answer, LinkToken, Password
from services.users.api.letters import Letters
from services.users.domain import passwords as rules
from services.users.domain.accounts import Account, LinkNoLongerValid, used
from services.users.domain.passwords import PasswordRefused
from services.users.domain.questions import AnswerNeeded, WrongAnswer
from services.users.domain.sessions import reset_password
from services.users.identity import Identity
from services.users.proving import Proving
from services.users.settings import UsersSettings

MAY_ANSWER = (
    LinkInvalid,
    LinkExpired,
    LinkNoLongerValid,
    PasswordRefused,
    AnswerNeeded,
    WrongAnswer,
    TooManyAttempts,
)


class NewPassword(Said):
    token: LinkToken
    password: Password
    answer: Answer | None = Field(None, description="To the secret question, if there is one")


class Replaced(BaseModel):
    status: Literal["replaced"] = "replaced"


def password_reset_routes(
    identity: Identity,
    letters: Letters,
    robots: Robots,
    proving: Proving,
    settings: UsersSettings,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/password-resets", tags=["accounts"])
    link_key = settings.link_key.get_secret_value()

    @routes.post("", status_code=202, responses=may_answer(*FOR_PEOPLE))
    async def forget_password(asked: Address, caller: Anyone) -> Accepted:
        """Ask for a link to choose a new password. The answer is the same for anyone."""
        await robots.keep_out(asked.proof)
        await letters.send(asked.email, "password-reset")
        return Accepted()

    def belonging(account: Account | None) -> tuple[Place, ...]:
        tries = attempts_id("sign-in", account.email if account else "")
        openings = *identity.sessions_of(account), *identity.identities_of(account)
        return identity.attempts.at(tries), *openings

    @routes.post("/confirmation", responses=may_answer(*MAY_ANSWER))
    async def confirm(asked: NewPassword, caller: Anyone) -> Replaced:
        """
        Choose a new password with the link of a letter: nothing else opens the account then.

        Every device is signed out, and every identity of a provider is unlinked.

        Where there is a secret question it must be answered too: the refusal asks it.
        """
        at, password = now(), asked.password.get_secret_value()
        link = read_link(link_key, asked.token, purpose="password-reset", now=at)
        account = await identity.accounts.find(link.user_id)
        used(account, link.nonce, "password-reset", at)
        if account is None:
            raise LinkNoLongerValid
        rules.check(password, account.email)
        decide = partial(
            reset_password,
            nonce=link.nonce,
            answered=await proving.answer(
                account, asked.answer.get_secret_value() if asked.answer else None
            ),
            password_hash=await proving.passwords.hash(password),
            access_for=settings.access_for,
            now=now(),
        )
        await identity.change_as_read(link.user_id, belonging, decide)
        return Replaced()

    return routes
