"""How an account comes to be, and how its owner proves an address."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from contracts.users import LinkPurpose, LinkRequested, PersonChanged, RegistrationRepeated
from kit.change import Change, Entity
from kit.problems import Invalid, Unavailable
from services.users.domain.attempts import Attempts, Limit, attempt, locked_until
from services.users.domain.logins import Login, login_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What somebody asked for; true only once they have read the mail of that address."""

    first_name: str
    last_name: str
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLink:
    """A link that is under way. Each one does what was asked with it, whoever asked since."""

    nonce: str
    purpose: LinkPurpose
    expires_at: datetime
    registration: Registration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A secret shared with an authenticator app; it counts once its owner has shown a code."""

    secret: str
    on: bool = False
    last_step: int = 0
    """A code is good once: neither it nor an earlier one is taken again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Entity):
    """One natural person. Until ``active`` nobody has proved that the address is theirs."""

    status: Literal["pending", "active", "deactivated", "erased"] = "pending"
    email: str
    """The login, and the address to write to unless ``contact_email`` says otherwise."""
    contact_email: str | None = None
    first_name: str
    last_name: str
    language: str = "fr"
    password_hash: str = ""
    password_version: int = 0
    """Raised with each new password: what was proved with an older one proves nothing."""
    links: tuple[SentLink, ...] = ()
    activated_by: str = ""
    session_ids: tuple[str, ...] = ()
    """The open ones, oldest first."""
    second_factor: SecondFactor | None = None
    created_at: datetime
    deactivated_at: datetime | None = None

    @property
    def written_to(self) -> str:
        return self.contact_email or self.email

    def outstanding(self, now: datetime) -> tuple[SentLink, ...]:
        return tuple(link for link in self.links if now < link.expires_at)


class LinkNoLongerValid(Invalid):
    """This link is no longer valid: ask for a new one."""

    def __init__(self) -> None:
        super().__init__(self.title(), field="body/token")


class AccountMoved(Unavailable):
    """This account was changing at the same moment: ask again."""


Claimed = tuple[Change[Login], Change[Account], Change[Attempts]]


def register(
    login: Login | None,
    account: Account | None,
    letters: Attempts | None,
    *,
    user_id: str,
    email: str,
    registration: Registration,
    link: SentLink,
    letters_id: str,
    limit: Limit,
    now: datetime,
) -> Claimed:
    """
    Open an account that a link will activate; to an active account, tell its owner.

    Beyond the limit of letters nothing happens, and when another account has claimed the address
    in the meantime nothing happens either: the login that comes back says whose it is.
    """
    elsewhere = login is not None and login.user_id != user_id
    if elsewhere or locked_until(letters, limit, now):
        return Change(login), Change(account), Change(letters)
    counted = attempt(letters, id=letters_id, limit=limit, now=now)
    login = login or Login(id=login_id(email), user_id=user_id)
    if account is None:
        opened = Account(
            id=user_id,
            email=email,
            first_name=registration.first_name,
            last_name=registration.last_name,
            created_at=now,
        )
        first = _send(opened, replace(link, registration=registration), now)
        return Change(login), replace(first, events=(person_changed(opened), *first.events)), counted
    if account.status == "pending":
        again = _send(account, replace(link, registration=registration), now)
        return Change(login), again, counted
    if account.status == "active":
        repeated = RegistrationRepeated(
            user_id=user_id, registration_id=link.nonce, repeated_at=now
        )
        return Change(login), Change(account, (repeated,)), counted
    return Change(login), Change(account), counted


def send_link(
    account: Account | None,
    letters: Attempts | None,
    *,
    link: SentLink,
    letters_id: str,
    limit: Limit,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts]]:
    """
    Send a link where its purpose makes sense.

    Activation to pending accounts, reset to active ones, erasure to deactivated ones.

    Asking is counted for unknown addresses too, so that they take the same time.
    """
    if locked_until(letters, limit, now):
        return Change(account), Change(letters)
    counted = attempt(letters, id=letters_id, limit=limit, now=now)
    if account and account.status == "pending" and link.purpose == "activation":
        return _send(account, replace(link, registration=_asked_last(account)), now), counted
    if account and account.status == "active" and link.purpose == "password-reset":
        return _send(account, link, now), counted
    if account and account.status == "deactivated" and link.purpose == "erasure":
        return _send(account, link, now), counted
    return Change(account), counted


def activate(current: Account | None, *, nonce: str, now: datetime) -> Change[Account]:
    """Make true what was asked with this link. The link of an active account changes nothing."""
    if current and current.status == "active" and current.activated_by == nonce:
        return Change(current)
    link = used(current, nonce, "activation", now)
    if current is None or current.status != "pending" or link.registration is None:
        raise LinkNoLongerValid
    asked = link.registration
    active = replace(
        current,
        status="active",
        first_name=asked.first_name,
        last_name=asked.last_name,
        password_hash=asked.password_hash,
        links=(),
        activated_by=nonce,
    )
    return Change(active, (person_changed(active),))


def used(current: Account | None, nonce: str, purpose: LinkPurpose, now: datetime) -> SentLink:
    """The link that is being used, as long as it may be."""
    for link in current.outstanding(now) if current else ():
        if (link.nonce, link.purpose) == (nonce, purpose):
            return link
    raise LinkNoLongerValid


def _send(account: Account, link: SentLink, now: datetime) -> Change[Account]:
    kept = account.outstanding(now)
    asked = LinkRequested(
        user_id=account.id, purpose=link.purpose, nonce=link.nonce, expires_at=link.expires_at
    )
    return Change(replace(account, links=(*kept, link)), (asked,))


def _asked_last(account: Account) -> Registration | None:
    # Expired or not: who asks for a new link has not changed what they want.
    return next((link.registration for link in reversed(account.links) if link.registration), None)


def person_changed(account: Account) -> PersonChanged:
    return PersonChanged(
        user_id=account.id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.written_to,
        language=account.language,
        active=account.status == "active",
        version=account.version + 1,
    )
