"""Opening an account and proving its address."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kit.clock import now
from kit.http import Anyone, Person, may_answer
from kit.ids import new_id
from kit.links import LinkExpired, LinkInvalid, read_link
from services.users.api.fields import Accepted, Address, Email, LinkToken, Name, Password
from services.users.api.letters import Letters
from services.users.domain import accounts as domain
from services.users.domain import invitations, second_factor
from services.users.domain import passwords as rules
from services.users.domain.accounts import Account, LinkNoLongerValid, Registration
from services.users.domain.logins import login_id
from services.users.domain.passwords import PasswordRefused
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings


class NewAccount(BaseModel):
    email: Email
    password: Password
    first_name: Name
    last_name: Name


class Activation(BaseModel):
    token: LinkToken


class Acceptance(BaseModel):
    token: LinkToken
    password: Password
    first_name: Name
    last_name: Name


class Activated(BaseModel):
    status: Literal["active"] = "active"


class Me(BaseModel):
    id: str
    email: str
    contact_email: str = Field(description="Where letters go: the login unless chosen otherwise")
    first_name: str
    last_name: str
    language: str
    operator: bool
    second_factor: bool


def account_routes(
    identity: Identity, letters: Letters, passwords: Passwords, settings: UsersSettings
) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["accounts"])
    link_key = settings.link_key.get_secret_value()

    @routes.post("/accounts", status_code=202, responses=may_answer(PasswordRefused))
    async def open_account(asked: NewAccount, caller: Anyone) -> Accepted:
        """
        Ask for an account. A letter brings the link that activates it.

        The answer is the same for an address that has one already: its owner is told by letter.
        """
        password = asked.password.get_secret_value()
        rules.check(password, asked.email)
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

    @routes.post("/accounts/activation-links", status_code=202)
    async def send_activation_link(asked: Address, caller: Anyone) -> Accepted:
        """Ask for another activation link. The answer is the same for an unknown address."""
        await letters.send(asked.email, "activation")
        return Accepted()

    @routes.post(
        "/accounts/activation", responses=may_answer(LinkInvalid, LinkExpired, LinkNoLongerValid)
    )
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
        "/accounts/invitation",
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

    @routes.get("/me")
    async def me(caller: Person) -> Me:
        """Your own account."""
        return _me(await identity.accounts.get(caller.user_id), operator=caller.operator)

    return routes


def _me(account: Account, *, operator: bool) -> Me:
    return Me(
        id=account.id,
        email=account.email,
        contact_email=account.written_to,
        first_name=account.first_name,
        last_name=account.last_name,
        language=account.language,
        operator=operator,
        second_factor=second_factor.is_on(account),
    )
