"""Which letter follows which fact, and what becomes of it. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from contracts.approvals import ApprovalOpened
from contracts.structures import ClientWelcomed
from contracts.support import TicketOpened
from contracts.users import (
    HabilitationsGranted,
    HabilitationsNotApplied,
    HabilitationsRefused,
    InvitationSent,
    PersonChanged,
    PersonErased,
    RattachementBegun,
    RattachementEnded,
    RattachementGranted,
    RattachementMade,
    RattachementNotApplied,
    RattachementRefused,
    RattachementRemoved,
    RegistrationRepeated,
)
from kit.change import Change, Entity
from kit.days import beginning_of

Template = Literal[
    "account-changed",
    "activation",
    "approval-opened",
    "client-welcomed",
    "code",
    "contact-confirmation",
    "erasure",
    "export-ready",
    "habilitations-granted",
    "habilitations-not-applied",
    "habilitations-refused",
    "identity-linked",
    "invitation",
    "login-cancellation",
    "login-confirmation",
    "management-lost",
    "management-transferred",
    "password-reset",
    "rattachement-begun",
    "rattachement-ended",
    "rattachement-granted",
    "rattachement-made",
    "rattachement-not-applied",
    "rattachement-refused",
    "rattachement-removed",
    "registration-repeated",
    "reactivation",
    "reactivation-refused",
    "ticket-opened",
    "vacancy-code",
    "vacancy-notice",
    "vacancy-opened",
    "vacancy-settled",
]
Outcome = (
    RattachementRefused
    | RattachementNotApplied
    | HabilitationsGranted
    | HabilitationsRefused
    | HabilitationsNotApplied
)
Status = Literal["waiting", "sent", "failed", "suppressed"]

LINKED = frozenset({"contact-confirmation", "login-cancellation", "login-confirmation"})
"""Letters that prove one address, or take it back."""
OF_THE_ACCOUNT = frozenset(
    {
        "account-changed",
        "export-ready",
        "identity-linked",
        "reactivation-refused",
        "registration-repeated",
    }
)
"""Letters that go to the login address, whatever the contact address is; so do links and codes."""
TO_WHO_LEFT = frozenset({"reactivation-refused"})
"""The one letter without a link that still goes to a deactivated account: its owner asked."""

LEASE = timedelta(minutes=1)
AGAIN_AFTER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
UNKNOWN_FOR_GOOD_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Entity):
    """How to write to a user: the copy of what the users service last told."""

    first_name: str
    last_name: str
    email: str
    """Where what happens is told; of the account itself is written to ``login``."""
    login: str = ""
    linked: dict[str, str] = field(default_factory=dict)
    """Addresses that only one letter goes to, each by the nonce of its link."""
    language: str
    active: bool
    heard: int
    """The version of the person this copy shows."""
    erased: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a one-time link or code is made of; useless without the signing key."""

    purpose: str
    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter(Entity):
    """One e-mail to one person, written once however often its fact is told."""

    recipient_id: str
    to: str = ""
    """The address of whoever has no account; forgotten once the letter is sent."""
    template: Template
    about_id: str | None = None
    """Another person the letter names."""
    params: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    """The words of whoever decided."""
    link: Link | None = None
    status: Status = "waiting"
    attempts: int = 0
    created_at: datetime
    sent_at: datetime | None = None
    last_error: str = ""
    message_id: str = ""
    forgotten: bool = False
    """Its words are gone: what is left says that it was written, and what became of it."""


def copy_person(event: PersonChanged, current: Person | None) -> Change[Person]:
    if current and (current.erased or current.heard >= event.version):
        return Change(current)
    return Change(
        Person(
            id=event.user_id,
            first_name=event.first_name,
            last_name=event.last_name,
            email=event.email,
            login=event.login,
            linked=_linked(event),
            language=event.language,
            active=event.active,
            heard=event.version,
        )
    )


def forget_person(event: PersonErased, current: Person | None) -> Change[Person]:
    """Nobody is written to under this id any more, whatever is heard late."""
    nobody = Person(
        id=event.user_id,
        version=current.version if current else 0,
        first_name="",
        last_name="",
        email="",
        language=current.language if current else "fr",
        active=False,
        heard=current.heard if current else 0,
        erased=True,
    )
    return Change(nobody)


def forget_words(current: Letter) -> Change[Letter]:
    """Keep that it was written, and no more; it does not leave if it has not."""
    left = replace(current, to="", params={}, reason="", link=None, about_id=None, forgotten=True)
    if left.status == "waiting":
        left = replace(left, status="suppressed", last_error="Its words were taken away.")
    return Change(replace(left, wake_at=None))


def _linked(event: PersonChanged) -> dict[str, str]:
    by_nonce = {
        event.old_login_nonce: event.old_login,
        event.new_login_nonce: event.new_login,
        event.new_contact_nonce: event.new_contact,
    }
    return {nonce: address for nonce, address in by_nonce.items() if nonce}


def address(letter: Letter, person: Person) -> str:
    """Where a letter goes; empty when that address is awaited no longer."""
    if letter.to:
        return letter.to
    if letter.link and letter.template in LINKED:
        return person.linked.get(letter.link.nonce, "")
    if letter.link or letter.template in OF_THE_ACCOUNT:
        return person.login or person.email
    return person.email


def recipient(letter: Letter, known: Person | None) -> Person | None:
    """Whoever it is for; of an address without an account nothing else is known."""
    if not letter.to:
        return known
    return Person(
        id=letter.recipient_id,
        first_name="",
        last_name="",
        email=letter.to,
        language="fr",
        active=True,
        heard=0,
    )


def write(letter: Letter, current: Letter | None) -> Change[Letter]:
    """Keep a letter to be sent at once; one already written stays as it is."""
    return Change(current or replace(letter, wake_at=letter.created_at))


def on_approval_opened(event: ApprovalOpened) -> tuple[Letter, ...]:
    """To the principal manager; where there is none, to everyone who may decide."""
    principal = event.principal_manager_id
    return tuple(
        Letter(
            # Of a whole list the first alone: the others have the same id.
            id=f"{event.list_id or event.approval_id}:approval-opened:{user_id}",
            recipient_id=user_id,
            template="approval-opened",
            about_id=event.requester_id,
            params={
                **_of_structure(event.structure_name),
                "kind": "list" if event.list_id else event.kind,
            },
            created_at=event.opened_at,
        )
        for user_id in dict.fromkeys((principal,) if principal else event.approver_ids)
    )


def _of_what_is_left_out(event: RattachementGranted | RattachementMade) -> dict[str, str]:
    """Letters that were kept before it was told have no such word."""
    return {"left_out": "yes"} if event.left_out else {}


def on_granted(event: RattachementGranted) -> Letter:
    return Letter(
        id=f"{event.request_id}:granted",
        recipient_id=event.user_id,
        template="rattachement-granted",
        params={
            **_of_structure(event.structure_name),
            "units": ", ".join(event.units),
            "valid_from": event.valid_from.isoformat(),
            "valid_until": event.valid_until.isoformat() if event.valid_until else "",
            **_of_what_is_left_out(event),
        },
        created_at=event.granted_at,
    )


def on_made(event: RattachementMade) -> Letter:
    return Letter(
        id=f"{event.rattachement_id}:made:{event.made_at.isoformat()}",
        recipient_id=event.user_id,
        template="rattachement-made",
        about_id=event.made_by,
        params={
            **_of_structure(event.structure_name),
            "units": ", ".join(event.units),
            "valid_from": event.valid_from.isoformat(),
            "valid_until": event.valid_until.isoformat() if event.valid_until else "",
            **_of_what_is_left_out(event),
        },
        created_at=event.made_at,
    )


def on_removed(event: RattachementRemoved) -> tuple[Letter, ...]:
    """Whoever left knows it."""
    if event.removed_by == event.user_id:
        return ()
    letter = Letter(
        id=f"{event.rattachement_id}:removed:{event.removed_at.isoformat()}",
        recipient_id=event.user_id,
        template="rattachement-removed",
        params={**_of_structure(event.structure_name), "units": ", ".join(event.units)},
        reason=event.comment,
        created_at=event.removed_at,
    )
    return (letter,)


def on_turned(event: RattachementBegun | RattachementEnded) -> Letter:
    began = isinstance(event, RattachementBegun)
    return Letter(
        id=f"{event.rattachement_id}:{'begun' if began else 'ended'}:{event.day.isoformat()}",
        recipient_id=event.user_id,
        template="rattachement-begun" if began else "rattachement-ended",
        params={**_of_structure(event.structure_name), "units": ", ".join(event.units)},
        created_at=beginning_of(event.day),
    )


def on_invitation_sent(event: InvitationSent) -> Letter:
    return Letter(
        id=f"{event.user_id}:invitation:{sha256(event.nonce.encode()).hexdigest()[:16]}",
        recipient_id=event.user_id,
        template="invitation",
        about_id=event.invited_by,
        params=_of_structure(event.structure_name),
        link=Link(purpose="invitation", nonce=event.nonce, expires_at=event.expires_at),
        created_at=event.sent_at,
    )


def on_refused(event: RattachementRefused) -> Letter:
    return _of_request(event, "rattachement-refused", event.refused_at, event.reason)


def on_not_applied(event: RattachementNotApplied) -> Letter:
    return _of_request(event, "rattachement-not-applied", event.decided_at, event.reason)


def on_habilitations_granted(event: HabilitationsGranted) -> Letter:
    return _of_request(event, "habilitations-granted", event.granted_at)


def on_habilitations_refused(event: HabilitationsRefused) -> Letter:
    return _of_request(event, "habilitations-refused", event.refused_at, event.reason)


def on_habilitations_not_applied(event: HabilitationsNotApplied) -> Letter:
    return _of_request(event, "habilitations-not-applied", event.decided_at, event.reason)


def _of_request(event: Outcome, template: Template, at: datetime, reason: str = "") -> Letter:
    return Letter(
        id=f"{event.request_id}:{template.partition('-')[2]}",
        recipient_id=event.user_id,
        template=template,
        params=_of_structure(event.structure_name),
        reason=reason,
        created_at=at,
    )


def on_registration_repeated(event: RegistrationRepeated) -> Letter:
    return Letter(
        id=f"{event.registration_id}:registration-repeated",
        recipient_id=event.user_id,
        template="registration-repeated",
        created_at=event.repeated_at,
    )


def on_ticket_opened(event: TicketOpened) -> Letter:
    return Letter(
        id=f"{event.ticket_id}:ticket-opened",
        recipient_id=event.emitter_id,
        template="ticket-opened",
        params={"number": event.number},
        created_at=event.opened_at,
    )


def on_client_welcomed(event: ClientWelcomed) -> Letter:
    return Letter(
        id=f"{event.client_account_id}:client-welcomed",
        recipient_id=event.recipient_id,
        template="client-welcomed",
        params={"supplier_name": event.supplier_name or "", "reference": event.reference},
        created_at=event.welcomed_at,
    )


def _of_structure(name: str | None) -> dict[str, str]:
    return {"structure_name": name or ""}


def claim(current: Letter | None, now: datetime) -> Change[Letter]:
    """Take a letter for as long as the lease lasts; a sender that dies has used up its attempt."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    if current.attempts > len(AGAIN_AFTER):
        error = current.last_error or "No attempt came to an end."
        return Change(replace(current, status="failed", last_error=error, wake_at=None))
    return Change(replace(current, attempts=current.attempts + 1, wake_at=now + LEASE))


def unwanted(letter: Letter, person: Person, *, now: datetime) -> str:
    """Why a letter must not leave any more; empty when it may."""
    if person.erased:
        return "The person was erased."
    if letter.template in LINKED and not address(letter, person):
        return "The address is awaited no longer."
    if letter.link:
        return "The link has expired." if letter.link.expires_at <= now else ""
    if person.active or letter.template in TO_WHO_LEFT:
        return ""
    return "The account is not active."


def sent(current: Letter | None, *, message_id: str, now: datetime) -> Change[Letter]:
    """Record the hand-over, whichever attempt it was: the letter is on its way."""
    if current is None or current.status == "sent":
        return Change(current)
    return Change(
        replace(
            current,
            status="sent",
            to="",
            sent_at=now,
            message_id=message_id,
            last_error="",
            wake_at=None,
        )
    )


def suppressed(claimed: Letter, current: Letter | None, *, why: str) -> Change[Letter]:
    return _record(claimed, current, status="suppressed", last_error=why, wake_at=None)


def refused(claimed: Letter, current: Letter | None, *, error: str) -> Change[Letter]:
    """Give up at once: asking again would give the same answer."""
    return _record(claimed, current, status="failed", last_error=error, wake_at=None)


def postponed(
    claimed: Letter, current: Letter | None, *, error: str, now: datetime
) -> Change[Letter]:
    """Try again later, each time later, and give up after the last delay."""
    if claimed.attempts > len(AGAIN_AFTER):
        return refused(claimed, current, error=error)
    again_at = now + AGAIN_AFTER[claimed.attempts - 1]
    return _record(claimed, current, last_error=error, wake_at=again_at)


def not_yet_known(claimed: Letter, current: Letter | None, *, now: datetime) -> Change[Letter]:
    """Who a person is comes on another key, perhaps a moment later: no attempt has failed."""
    age = now - claimed.created_at
    if age > UNKNOWN_FOR_GOOD_AFTER:
        return refused(claimed, current, error="The recipient is unknown.")
    wait = min(max(age, timedelta(milliseconds=200)), timedelta(minutes=10))
    return _record(claimed, current, attempts=claimed.attempts - 1, wake_at=now + wait)


def _record(claimed: Letter, current: Letter | None, **outcome: Any) -> Change[Letter]:
    """What came of an attempt, unless a later one has begun: that one has the word."""
    if current is None or current.status != "waiting" or current.attempts != claimed.attempts:
        return Change(current)
    return Change(replace(current, **outcome))
