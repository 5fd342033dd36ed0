"""Replacing a forgotten password."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from kit.clock import now
from kit.http import Anyone, may_answer
from kit.links import Link, LinkExpired, LinkInvalid, read_link
from services.users.api.fields import Accepted, Address, LinkToken, Password
from services.users.api.letters import Letters
from services.users.domain import passwords as rules
from services.users.domain.accounts import LinkNoLongerValid, used
from services.users.domain.attempts import attempts_id
from services.users.domain.passwords import PasswordRefused
from services.users.domain.sessions import SessionsMoved, reset_password
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings

TRIES = 5
"""Each is lost only to somebody who signs in between the read and the decision."""


class NewPassword(BaseModel):
    token: LinkToken
    password: Password


class Replaced(BaseModel):
    status: Literal["replaced"] = "replaced"


def password_reset_routes(
    identity: Identity, letters: Letters, passwords: Passwords, settings: UsersSettings
) -> APIRouter:
    routes = APIRouter(prefix="/v1/password-resets", tags=["accounts"])
    link_key = settings.link_key.get_secret_value()

    async def reset(link: Link, password: str) -> None:
        account = await identity.accounts.find(link.user_id)
        used(account, link.nonce, "password-reset", now())
        email = account.email if account else ""
        rules.check(password, email)
        password_hash, at = await passwords.hash(password), now()
        for left in reversed(range(TRIES)):
            account = await identity.accounts.find(link.user_id)
            places = (
                identity.accounts.at(link.user_id),
                identity.attempts.at(attempts_id("sign-in", email)),
                *(identity.sessions.at(id) for id in (account.session_ids if account else ())),
            )
            try:
                await identity.committer.change_together(
                    places,
                    lambda account, tries, *sessions: reset_password(
                        account,
                        tries,
                        *sessions,
                        nonce=link.nonce,
                        password_hash=password_hash,
                        access_for=settings.access_for,
                        now=at,
                    ),
                )
            except SessionsMoved:
                if not left:
                    raise
            else:
                return

    @routes.post("", status_code=202)
    async def forget_password(asked: Address, caller: Anyone) -> Accepted:
        """Ask for a link to choose a new password. The answer is the same for anyone."""
        await letters.send(asked.email, "password-reset")
        return Accepted()

    @routes.post(
        "/confirmation",
        responses=may_answer(LinkInvalid, LinkExpired, LinkNoLongerValid, PasswordRefused),
    )
    async def confirm(asked: NewPassword, caller: Anyone) -> Replaced:
        """Choose a new password with the link of a letter. It signs out every device."""
        link = read_link(link_key, asked.token, purpose="password-reset", now=now())
        await reset(link, asked.password.get_secret_value())
        return Replaced()

    return routes
