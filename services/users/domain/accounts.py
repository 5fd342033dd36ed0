"""How an account comes to be, and how its owner proves an address."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from contracts.users import (
    AccountChanged,
    LinkPurpose,
    LinkRequested,
    LinkRequestedV2,
    NotificationPreferences,
    PersonChanged,
    RegistrationRepeated,
)
from kit.attempts import Attempts, Limit, attempt, locked_until
from kit.change import Change, Entity
from kit.problems import Invalid, Unavailable
from services.users.domain.logins import Login, login_id

Purpose = (
    LinkPurpose
    | Literal[
        "contact-confirmation",
        "erasure",
        "login-cancellation",
        "login-confirmation",
        "reactivation",
    ]
)
Action = Literal[
    "contact-change-asked",
    "contact-changed",
    "deactivated",
    "email-codes-off",
    "email-codes-on",
    "login-change-asked",
    "login-change-cancelled",
    "login-changed",
    "password-changed",
    "password-reset",
    "reactivated",
    "reactivation-sent",
    "recovery-codes-made",
    "second-factor-off",
    "second-factor-on",
    "secret-question-changed",
    "signed-out-elsewhere",
]
"""What is told of an account, for its audit trail."""


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
    purpose: Purpose
    expires_at: datetime
    registration: Registration | None = None
    email: str = ""
    """The address that it proves, or brings back."""
    asked_at: datetime | None = None
    sent_by: str = ""
    """The operator who had it sent: such a link brings an account back however late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCode:
    """A code that is under way. It follows from the nonce and a key, and is kept nowhere."""

    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A secret shared with an authenticator app; it counts once its owner has shown a code."""

    secret: str
    """Sealed: only who has the key of the installation reads it."""
    on: bool = False
    last_step: int = 0
    """A code is good once: neither it nor an earlier one is taken again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretQuestion:
    """A second proof beside the link of a forgotten password; alone it opens nothing."""

    question: str
    answer_hash: str
    chosen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    line: str
    complements: tuple[str, ...] = ()
    postcode: str
    city: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Entity):
    """One natural person. Until ``active`` nobody has proved that the address is theirs."""

    status: Literal["pending", "active", "deactivated", "erased"] = "pending"
    email: str
    """The login, and the address to write to unless ``contact_email`` says otherwise."""
    contact_email: str | None = None
    """Proved; one that is not stands in its link."""
    first_name: str
    last_name: str
    address: PostalAddress | None = None
    language: str = "fr"
    time_zone: str = "Europe/Paris"
    notifications: NotificationPreferences = field(default_factory=NotificationPreferences)
    edition: int = 0
    """Raised when what its owner edits changes: signing in must not upset who is editing."""
    password_hash: str = ""
    password_version: int = 0
    """Raised with each new password: what was proved with an older one proves nothing."""
    secret_question: SecretQuestion | None = None
    links: tuple[SentLink, ...] = ()
    activated_by: str = ""
    session_ids: tuple[str, ...] = ()
    """The open ones, oldest first."""
    linked_ids: tuple[str, ...] = ()
    """The identities of providers that it can be signed in to with."""
    second_factor: SecondFactor | None = None
    email_codes: bool = False
    """Whether a code sent to the login address is a second factor too."""
    codes_since: datetime | None = None
    """When the second factor that is asked for was turned on."""
    sent_code: SentCode | None = None
    recovery_codes: tuple[str, ...] = ()
    """Hashes, each of a code that is good once in place of the second factor."""
    manages: int = 0
    """
    Raised and lowered with each structure it becomes and ceases to be the principal manager of.

    So who decides on all that somebody manages sees that this changed after it was read. An
    account that was kept before it was counted has too few: it is compared with itself alone.
    """
    deactivated_at: datetime | None = None
    created_at: datetime

    @property
    def written_to(self) -> str:
        return self.contact_email or self.email

    def outstanding(self, now: datetime) -> tuple[SentLink, ...]:
        return tuple(link for link in self.links if now < link.expires_at)

    def may_come_back(self, now: datetime) -> bool:
        """Whether a link still brings an earlier login back: this one may be a thief's."""
        return any(
            link.purpose == "login-cancellation" and link.email != self.email
            for link in self.outstanding(now)
        )

    def awaited(self, purpose: Purpose) -> SentLink | None:
        """The link of this purpose that was sent last, expired or not."""
        return next((link for link in reversed(self.links) if link.purpose == purpose), None)

    def links_but(self, *purposes: Purpose) -> tuple[SentLink, ...]:
        return tuple(link for link in self.links if link.purpose not in purposes)


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
    kept_until: datetime,
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
            wake_at=kept_until,
        )
        first = send(opened, replace(link, registration=registration), now)
        told = (person_changed(opened), *first.events)
        return Change(login), replace(first, events=told), counted
    if account.status == "pending":
        kept = replace(account, wake_at=max(account.wake_at or kept_until, kept_until))
        return Change(login), send(kept, replace(link, registration=registration), now), counted
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
        asked = _asked_last(account)
        if asked is None:  # Only invited: that letter activates the account.
            return Change(account), counted
        return send(account, replace(link, registration=asked), now), counted
    if account and account.status == "active" and link.purpose == "password-reset":
        return send(account, link, now), counted
    if account and account.status == "deactivated" and link.purpose == "erasure":
        return send(account, link, now), counted
    return Change(account), counted


def activate(current: Account | None, *, nonce: str, now: datetime) -> Change[Account]:
    """Make true what was asked with this link. The link of an active account changes nothing."""
    if current and current.status == "active" and current.activated_by == nonce:
        return Change(current)
    link = used(current, nonce, "activation", now)
    if current is None or current.status != "pending" or link.registration is None:
        raise LinkNoLongerValid
    return activated(current, link.registration, by=nonce)


def expected(
    current: Account | None, *, user_id: str, email: str, now: datetime, until: datetime
) -> Change[Account]:
    """An account that waits for somebody who was invited and has not asked for one."""
    if current:
        return awaited_until(current, until)
    opened = Account(
        id=user_id, email=email, first_name="", last_name="", created_at=now, wake_at=until
    )
    return Change(opened, (person_changed(opened),))


def awaited_until(current: Account | None, until: datetime) -> Change[Account]:
    """What would be forgotten sooner waits as long as its invitation."""
    if current is None or current.status != "pending":
        return Change(current)
    return Change(replace(current, wake_at=max(current.wake_at or until, until)))


def activated(current: Account, asked: Registration, *, by: str) -> Change[Account]:
    """``by``: the nonce of the letter that proved the address."""
    active = replace(
        current,
        status="active",
        first_name=asked.first_name,
        last_name=asked.last_name,
        password_hash=asked.password_hash,
        links=(),
        activated_by=by,
        wake_at=None,
    )
    return Change(active, (person_changed(active),))


def used(current: Account | None, nonce: str, purpose: Purpose, now: datetime) -> SentLink:
    """The link that is being used, as long as it may be."""
    for link in current.outstanding(now) if current else ():
        if (link.nonce, link.purpose) == (nonce, purpose):
            return link
    raise LinkNoLongerValid


def send(account: Account, link: SentLink, now: datetime, *, reason: str = "") -> Change[Account]:
    """Have a letter written with this link, beside those that are under way."""
    sent = replace(account, links=(*account.outstanding(now), link))
    return Change(sent, (link_requested(account.id, link, reason),))


def link_requested(
    user_id: str, link: SentLink, reason: str = ""
) -> LinkRequested | LinkRequestedV2:
    nonce, until = link.nonce, link.expires_at
    match link.purpose:
        case "activation" | "password-reset" as purpose:
            return LinkRequested(user_id=user_id, purpose=purpose, nonce=nonce, expires_at=until)
        case later:
            return LinkRequestedV2(
                user_id=user_id,
                purpose=later,
                nonce=nonce,
                expires_at=until,
                reason=reason,
                sent_by=link.sent_by,
            )


def _asked_last(account: Account) -> Registration | None:
    # Expired or not: who asks for a new link has not changed what they want.
    link = account.awaited("activation")
    return link.registration if link else None


def changed(account: Account, action: Action, *, by: str, now: datetime) -> AccountChanged:
    """A line of the account's audit trail."""
    return AccountChanged(user_id=account.id, action=action, by=by, changed_at=now)


def person_changed(account: Account) -> PersonChanged:
    old, new = account.awaited("login-cancellation"), account.awaited("login-confirmation")
    contact = account.awaited("contact-confirmation")
    return PersonChanged(
        user_id=account.id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.written_to,
        login=account.email,
        old_login=old.email if old else "",
        old_login_nonce=old.nonce if old else "",
        new_login=new.email if new else "",
        new_login_nonce=new.nonce if new else "",
        new_contact=contact.email if contact else "",
        new_contact_nonce=contact.nonce if contact else "",
        language=account.language,
        time_zone=account.time_zone,
        notifications=account.notifications,
        active=account.status == "active",
        version=account.version + 1,
    )
