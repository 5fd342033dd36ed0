"""How somebody comes in whom an identity provider (OpenID Connect) has recognised. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from contracts.users import IdentityLinked
from kit.change import Change, Entity
from kit.problems import NotFound, Unauthorized
from services.users.domain import invitations
from services.users.domain.accounts import Account, AccountMoved, person_changed
from services.users.domain.invitations import Invitee
from services.users.domain.logins import Login, login_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSignIn(Entity):
    """
    Somebody was sent to a provider, and may come back once.

    Its id is the hash of a secret that only their browser has. All else that the provider is given
    or must give back follows from that secret, and is kept nowhere.
    """

    provider: str
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity(Entity):
    """Whom an issuer calls by this subject is this user, whatever becomes of their address."""

    user_id: str
    provider: str
    issuer: str
    subject: str
    linked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a provider says of somebody; ``email`` only where it says that it is verified."""

    provider: str
    label: str
    issuer: str
    subject: str
    email: str | None
    first_name: str
    last_name: str

    @property
    def identity_id(self) -> str:
        return identity_id(self.issuer, self.subject)


class SignInOver(Unauthorized):
    """This sign-in has expired, was used, or was begun in another browser: begin again."""


class EmailNotVerified(Unauthorized):
    """The provider does not say that your e-mail address is verified."""


class AccountNotOpen(Unauthorized):
    """The account of this identity is not active."""


class NoSuchIdentity(NotFound):
    """You have no such identity."""


Unlinked = tuple[Change[LinkedIdentity], Change[Account]]
Admitted = tuple[Change[LinkedIdentity], Change[Login], Change[Account], Change[Invitee]]


def identity_id(issuer: str, subject: str) -> str:
    return sha256(f"{issuer}\n{subject}".encode()).hexdigest()[:32]


def use_up(current: ProviderSignIn | None, *, now: datetime) -> Change[ProviderSignIn]:
    if current is None or current.expires_at <= now:
        raise SignInOver
    return Change(None)


def admit(
    identity: LinkedIdentity | None,
    login: Login | None,
    account: Account | None,
    invitee: Invitee | None,
    *,
    recognised: Recognised,
    user_id: str,
    now: datetime,
) -> Admitted:
    """
    Whose account it is: the linked one; else that of the verified address; else a new one.

    ``user_id``: whose it was when it was looked for. A pending account becomes active without
    what its registration asked for: whoever typed that has not shown that the address is theirs.
    They have now, so that what invited this address is accepted.
    """
    if identity:
        if identity.user_id != user_id:
            raise AccountMoved
        if account is None or account.status != "active":
            raise AccountNotOpen
        return Change(identity), Change(login), Change(account), Change(invitee)
    if recognised.email is None:
        raise EmailNotVerified
    if login and login.user_id != user_id:
        raise AccountMoved
    if account is not None and account.status not in ("pending", "active"):
        raise AccountNotOpen
    if account is not None and (login is None or login.id != login_id(account.email)):
        # An address that its account has left, and may take back.
        raise AccountNotOpen
    linked = LinkedIdentity(
        id=recognised.identity_id,
        user_id=user_id,
        provider=recognised.provider,
        issuer=recognised.issuer,
        subject=recognised.subject,
        linked_at=now,
    )
    claimed = login or Login(id=login_id(recognised.email), user_id=user_id)
    comes = account is None or account.status == "pending"
    taken = invitations.accepted(invitee, now=now) if comes else Change(invitee)
    return Change(linked), Change(claimed), _linked(account, linked, recognised, now), taken


def unlink(current: LinkedIdentity | None, account: Account | None, *, by: str) -> Unlinked:
    """An account without a password gets one by a letter (password reset)."""
    if current is None or current.user_id != by:
        raise NoSuchIdentity
    kept = tuple(id for id in account.linked_ids if id != current.id) if account else ()
    return Change(None), Change(account and replace(account, linked_ids=kept))


def forget(current: ProviderSignIn | None, *, now: datetime) -> Change[ProviderSignIn]:
    over = current is None or current.expires_at <= now
    return Change(None if over else current)


def _linked(
    account: Account | None, linked: LinkedIdentity, recognised: Recognised, now: datetime
) -> Change[Account]:
    told = IdentityLinked(
        user_id=linked.user_id, identity_id=linked.id, provider=recognised.label, linked_at=now
    )
    if account is not None and account.status == "active":
        return Change(replace(account, linked_ids=(*account.linked_ids, linked.id)), (told,))
    opened = account or Account(
        id=linked.user_id,
        email=recognised.email or "",
        first_name="",
        last_name="",
        created_at=now,
    )
    active = replace(
        opened,
        status="active",
        first_name=recognised.first_name,
        last_name=recognised.last_name,
        links=(),
        linked_ids=(linked.id,),
        wake_at=None,
    )
    return Change(active, (person_changed(active), told))
