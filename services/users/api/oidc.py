"""Signing in with an identity provider: there and back again, in the same browser."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from kit.addresses import Email
from kit.attempts import TooManyAttempts, attempts_id
from kit.change import Change
from kit.clock import now
from kit.http import Anyone, Person, Said, may_answer
from kit.ids import EntityId, new_id
from kit.problems import Invalid
from services.users.api.sessions import CHALLENGED, Issuing, Tokens, UserAgent
from services.users.domain import provider_sign_ins as domain
from services.users.domain.accounts import Account, AccountMoved
from services.users.domain.devices import label
from services.users.domain.logins import login_id
from services.users.domain.provider_sign_ins import (
    AccountNotOpen,
    EmailNotVerified,
    NoSuchIdentity,
    ProviderSignIn,
    Recognised,
    SignInOver,
)
from services.users.identity import NOBODY, Identity
from services.users.identity_providers import (
    Claims,
    IdentityProvider,
    ProviderRefused,
    ProviderUnavailable,
)
from services.users.names import named
from services.users.settings import UsersSettings
from services.users.signing_in import Challenged, Door, SignedIn

TRIES = 5
"""Each is lost only to somebody who opens or links the same account at that moment."""

OfOurs = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""256 bits, as we write them."""

_ADDRESS: TypeAdapter[str] = TypeAdapter(Email)


class UnknownProvider(Invalid):
    """There is no such identity provider."""


class RedirectNotAllowed(Invalid):
    """This is no address of ours that a sign-in may come back to."""


class Provider(BaseModel):
    name: str
    label: str


class Providers(BaseModel):
    items: list[Provider]


class Wanted(Said):
    provider: Annotated[str, StringConstraints(max_length=32)]
    redirect_uri: Annotated[str, StringConstraints(max_length=500)]


class Begun(BaseModel):
    authorization_url: str = Field(description="Where the browser goes now")
    sign_in: str = Field(
        description="Kept by the page that began, in no URL and no cookie: without it nobody can "
        "finish this sign-in"
    )
    expires_in: int


class Returned(BaseModel):
    """What came back in the query of ``redirect_uri``, and what the page had kept."""

    sign_in: OfOurs
    state: OfOurs
    code: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,2000}$")]
    iss: Annotated[str, Field(max_length=500)] | None = None


class Way:
    """What follows from the secret of one sign-in; none of it says anything of another."""

    def __init__(self, secret: str) -> None:
        self.id = sha256(secret.encode()).hexdigest()
        self.state, self.nonce, self.verifier = (
            self._derived(secret, one) for one in ("state", "nonce", "verifier")
        )

    @staticmethod
    def _derived(secret: str, use: str) -> str:
        mac = hmac.digest(secret.encode(), use.encode(), "sha256")
        return urlsafe_b64encode(mac).rstrip(b"=").decode()


class Arrivals:
    """Lets in whom a provider has recognised."""

    def __init__(self, identity: Identity, door: Door, settings: UsersSettings) -> None:
        self._identity, self._door, self._settings = identity, door, settings
        self.providers = {
            one.name: IdentityProvider(one, patience=settings.oidc_patience)
            for one in settings.oidc_providers
        }

    async def begin(self, name: str, redirect_uri: str) -> Begun:
        provider = self.providers.get(name)
        if provider is None:
            raise UnknownProvider(field="body/provider")
        if redirect_uri not in self._settings.oidc_redirects:
            raise RedirectNotAllowed(field="body/redirect_uri")
        secret = secrets.token_urlsafe(32)
        way, until = Way(secret), now() + self._settings.oidc_sign_in_for
        address = await provider.sends_to(
            redirect_uri, state=way.state, nonce=way.nonce, verifier=way.verifier
        )
        begun = ProviderSignIn(
            id=way.id, provider=name, redirect_uri=redirect_uri, expires_at=until, wake_at=until
        )
        await self._identity.provider_sign_ins.change(way.id, lambda _: Change(begun))
        lasts = int(self._settings.oidc_sign_in_for.total_seconds())
        return Begun(authorization_url=address, sign_in=secret, expires_in=lasts)

    async def finish(self, back: Returned, *, device: str, address: str) -> SignedIn | Challenged:
        way, at = Way(back.sign_in), now()
        begun = await self._identity.provider_sign_ins.find(way.id)
        provider = self.providers.get(begun.provider) if begun else None
        if begun is None or provider is None:
            raise SignInOver
        if not hmac.compare_digest(way.state.encode(), back.state.encode()):
            raise SignInOver
        if back.iss is not None and back.iss != provider.said.issuer:
            raise SignInOver
        # Before the provider is asked: a code that was intercepted is not tried twice.
        await self._identity.provider_sign_ins.change(
            way.id, lambda current: domain.use_up(current, now=at)
        )
        said = await provider.recognise(
            back.code, begun.redirect_uri, nonce=way.nonce, verifier=way.verifier
        )
        recognised = _recognised(provider, said)
        account = await self._admitted(recognised)
        tries = attempts_id("provider", recognised.identity_id)
        return await self._door.let_in(account, tries=tries, device=device, address=address)

    async def _admitted(self, recognised: Recognised) -> Account:
        of = self._identity
        for left in reversed(range(TRIES)):
            identity = await of.linked.find(recognised.identity_id)
            login = await of.logins.find(login_id(recognised.email or NOBODY))
            found = identity or login
            user_id = found.user_id if found else new_id()
            places = (
                of.linked.at(recognised.identity_id),
                of.logins.at(login_id(recognised.email or NOBODY)),
                of.accounts.at(user_id),
                of.invitees.at(user_id),
            )
            admit = partial(domain.admit, recognised=recognised, user_id=user_id, now=now())
            try:
                _, _, account, _ = await of.committer.change_together(places, admit)
            except AccountMoved:
                if not left:
                    raise
            else:
                admitted: Account = account
                return admitted
        raise AccountMoved


def oidc_routes(arrivals: Arrivals, issuing: Issuing) -> APIRouter:
    routes = APIRouter(prefix="/v1/oidc", tags=["sessions"])

    @routes.get("/providers")
    async def providers(caller: Anyone) -> Providers:
        """The identity providers that one may sign in with; none unless the settings name some."""
        every = (one.said for one in arrivals.providers.values())
        return Providers(items=[Provider(name=one.name, label=one.label) for one in every])

    @routes.post(
        "/authorizations",
        status_code=201,
        responses=may_answer(UnknownProvider, RedirectNotAllowed, ProviderUnavailable),
    )
    async def begin(asked: Wanted, caller: Anyone, response: Response) -> Begun:
        """
        Begin to sign in with an identity provider.

        The page keeps ``sign_in`` (as in ``sessionStorage``) and sends the browser to
        ``authorization_url``. It comes back to ``redirect_uri`` with ``code`` and ``state``.
        """
        response.headers["Cache-Control"] = "no-store"
        return await arrivals.begin(asked.provider, asked.redirect_uri)

    @routes.post(
        "/sessions",
        status_code=201,
        response_model=Tokens,
        responses={
            **may_answer(
                SignInOver,
                EmailNotVerified,
                AccountNotOpen,
                ProviderRefused,
                TooManyAttempts,
                ProviderUnavailable,
                AccountMoved,
            ),
            **CHALLENGED,
        },
    )
    async def finish(
        back: Returned, caller: Anyone, response: Response, user_agent: UserAgent = ""
    ) -> Response | Tokens:
        """
        Sign in with what the provider sent back. Good once, in the browser that began.

        An account linked to this identity is opened; else that of the verified address is linked
        to it, and told by letter; else a new account is opened, without password.
        """
        outcome = await arrivals.finish(back, device=label(user_agent), address=caller.address)
        return issuing.answer(outcome, response)

    return routes


def _recognised(provider: IdentityProvider, said: Claims) -> Recognised:
    email = _verified_address(said)
    first_name, last_name = named(
        said.given_name or "", said.family_name or "", said.name or "", email or ""
    )
    return Recognised(
        provider=provider.said.name,
        label=provider.said.label,
        issuer=provider.said.issuer,
        subject=said.sub,
        email=email,
        first_name=first_name,
        last_name=last_name,
    )


def _verified_address(said: Claims) -> str | None:
    if not said.email or not said.email_verified:
        return None
    try:
        return _ADDRESS.validate_python(said.email)
    except ValidationError:
        return None


class Linked(BaseModel):
    """An identity that your account can be signed in to with."""

    id: str
    provider: str
    linked_at: datetime


class AllLinked(BaseModel):
    items: list[Linked]
    next: str | None = None


def linked_identity_routes(identity: Identity) -> APIRouter:
    routes = APIRouter(prefix="/v1/me/identities", tags=["accounts"])

    @routes.get("")
    async def mine(caller: Person) -> AllLinked:
        """What your account is linked to. Complete: there are few providers."""
        found = await identity.linked.select({"user_id": caller.user_id}, sort=[("_id", 1)])
        return AllLinked(
            items=[
                Linked(id=one.id, provider=one.provider, linked_at=one.linked_at) for one in found
            ]
        )

    @routes.delete("/{id}", status_code=204, responses=may_answer(NoSuchIdentity))
    async def unlink(id: EntityId, caller: Person) -> None:
        """
        Sign in with this identity no more.

        It is linked again by signing in with it, as long as it has the address of your account.
        """
        await identity.committer.change_together(
            (identity.linked.at(id), identity.accounts.at(caller.user_id)),
            partial(domain.unlink, by=caller.user_id),
        )

    return routes
