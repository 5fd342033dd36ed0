"""Following the links that change a login or a contact address: they say who, no session does."""

from functools import partial
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from kit.clock import now
from kit.collection import Place
from kit.http import Anyone, Said, may_answer
from kit.links import Link, LinkExpired, LinkInvalid, read_link
from services.users.api.fields import LinkToken
from services.users.domain import emails as domain
from services.users.domain.accounts import Account, LinkNoLongerValid, Purpose, SentLink, used
from services.users.domain.emails import LoginTaken
from services.users.domain.logins import login_id
from services.users.identity import Identity
from services.users.settings import UsersSettings

LINKS = (LinkInvalid, LinkExpired, LinkNoLongerValid)


class Followed(Said):
    token: LinkToken


class Confirmed(Said):
    status: Literal["confirmed"] = "confirmed"


class Cancelled(BaseModel):
    status: Literal["cancelled"] = "cancelled"


def address_routes(identity: Identity, settings: UsersSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    async def follow(asked: Followed, purpose: Purpose) -> tuple[Link, SentLink]:
        at = now()
        link = read_link(settings.link_key.get_secret_value(), asked.token, purpose=purpose, now=at)
        return link, used(await identity.accounts.find(link.user_id), link.nonce, purpose, at)

    def claims(account: Account | None, *emails: str) -> tuple[Place, ...]:
        present = account.email if account else ""
        return tuple(identity.logins.at(login_id(one)) for one in (*emails, present))

    @routes.post("/login-confirmation", responses=may_answer(*LINKS, LoginTaken))
    async def confirm_login(asked: Followed, caller: Anyone) -> Confirmed:
        """Sign in with another address from now on, by the link that was sent to it."""
        link, sent = await follow(asked, "login-confirmation")
        await identity.change_as_read(
            link.user_id,
            lambda account: claims(account, sent.email),
            partial(domain.confirm_login, nonce=link.nonce, now=now()),
        )
        return Confirmed()

    @routes.post("/login-cancellation", responses=may_answer(*LINKS))
    async def cancel_login(asked: Followed, caller: Anyone) -> Cancelled:
        """
        Stop the change of a login by the link sent to the old address, or take it back.

        Taken back, it signs every device out, and only a new password opens the account: identities
        of providers, a second factor and a secret question that came since the change was asked are
        gone. One that was deactivated meanwhile stays so, for its owner to reactivate.
        """
        link, sent = await follow(asked, "login-cancellation")
        account = await identity.accounts.get(link.user_id)
        if account.email == sent.email:
            await identity.accounts.change(
                link.user_id, partial(domain.stop_login_change, nonce=link.nonce, now=now())
            )
        else:
            await identity.change_as_read(
                link.user_id,
                lambda account: (
                    *claims(account, sent.email),
                    *identity.sessions_of(account),
                    *identity.identities_of(account),
                ),
                partial(
                    domain.take_login_back,
                    nonce=link.nonce,
                    access_for=settings.access_for,
                    now=now(),
                ),
            )
        return Cancelled()

    @routes.post("/contact-confirmation", responses=may_answer(*LINKS))
    async def confirm_contact(asked: Followed, caller: Anyone) -> Confirmed:
        """Be written to at another address from now on, by the link that was sent to it."""
        link, _ = await follow(asked, "contact-confirmation")
        await identity.accounts.change(
            link.user_id, partial(domain.confirm_contact, nonce=link.nonce, now=now())
        )
        return Confirmed()

    return routes
