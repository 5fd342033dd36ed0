"""Opening an account and proving its address."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from kit.addresses import Email
from kit.clock import now
from kit.http import Anyone, Said, may_answer
from kit.ids import new_id
from kit.links import LinkExpired, LinkInvalid, read_link
from kit.robots import FOR_PEOPLE, OpenForm, Robots
from services.users.api.fields import (
    Accepted,
    Address,
    LinkToken,
    Name,
    Password,
)
from services.users.api.letters import Letters
from services.users.domain import accounts as domain
from services.users.domain import invitations
from services.users.domain import passwords as rules
from services.users.domain.accounts import LinkNoLongerValid, Registration
from services.users.domain.logins import login_id
from services.users.domain.passwords import PasswordRefused
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings


class NewAccount(OpenForm):
    email: Email
    password: Password
    first_name: Name
    last_name: Name


class Activation(Said):
    token: LinkToken


class Acceptance(Said):
    token: LinkToken
    password: Password
    first_name: Name
    last_name: Name


class Activated(BaseModel):
    status: Literal["active"] = "active"


def account_routes(
    identity: Identity,
    letters: Letters,
    robots: Robots,
    passwords: Passwords,
    settings: UsersSettings,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/accounts", tags=["accounts"])
    link_key = settings.link_key.get_secret_value()

    @routes.post("", status_code=202, responses=may_answer(PasswordRefused, *FOR_PEOPLE))
    async def open_account(asked: NewAccount, caller: Anyone) -> Accepted:
        """
        Ask for an account. A letter brings the link that activates it.

        The answer is the same for an address that has one already: its owner is told by letter.
        """
        password = asked.password.get_secret_value()
        rules.check(password, asked.email)
        await robots.keep_out(asked.proof)
        registration = Registration(
            first_name=asked.first_name,
            last_name=asked.last_name,
            password_hash=await passwords.hash(password),
        )
        login = await identity.logins.find(login_id(asked.email))
        user_id = login.user_id if login else new_id()
        owner = await letters.register(asked.email, registration, user_id)
        if owner != user_id:
            await letters.register(asked.email, registration, owner)
        return Accepted()

    @routes.post("/activation-links", status_code=202, responses=may_answer(*FOR_PEOPLE))
    async def send_activation_link(asked: Address, caller: Anyone) -> Accepted:
        """Ask for another activation link. The answer is the same for an unknown address."""
        await robots.keep_out(asked.proof)
        await letters.send(asked.email, "activation")
        return Accepted()

    @routes.post("/activation", responses=may_answer(LinkInvalid, LinkExpired, LinkNoLongerValid))
    async def activate(asked: Activation, caller: Anyone) -> Activated:
        """Activate an account with the link of a letter. Doing it again changes nothing."""
        at = now()
        link = read_link(link_key, asked.token, purpose="activation", now=at)
        await identity.committer.change_together(
            (identity.accounts.at(link.user_id), identity.invitees.at(link.user_id)),
            lambda current, invitee: (
                domain.activate(current, nonce=link.nonce, now=at),
                invitations.accepted(invitee, now=at),
            ),
        )
        return Activated()

    @routes.post(
        "/invitation",
        responses=may_answer(PasswordRefused, LinkInvalid, LinkExpired, LinkNoLongerValid),
    )
    async def accept(asked: Acceptance, caller: Anyone) -> Activated:
        """Open the account one was invited to, with the link of that letter, which proves it."""
        at, password = now(), asked.password.get_secret_value()
        link = read_link(link_key, asked.token, purpose="invitation", now=at)
        known = await identity.accounts.find(link.user_id)
        rules.check(password, known.email if known else "")
        registration = Registration(
            first_name=asked.first_name,
            last_name=asked.last_name,
            password_hash=await passwords.hash(password),
        )
        await identity.committer.change_together(
            (identity.accounts.at(link.user_id), identity.invitees.at(link.user_id)),
            lambda current, invitee: invitations.accept(
                current, invitee, nonce=link.nonce, registration=registration, now=at
            ),
        )
        return Activated()

    return routes
