"""Letters: one e-mail to one person, and where it goes."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from contracts.users import CLAIM_DIGITS
from kit.change import Change, Entity
from services.notifications.domain.people import Person

Template = Literal[
    "account-changed",
    "activation",
    "approval-escalated",
    "approval-opened",
    "approval-reminder",
    "client-secret-expiring",
    "client-welcomed",
    "code",
    "contact-confirmation",
    "digest",
    "erasure",
    "export-ready",
    "habilitations-expired",
    "habilitations-granted",
    "habilitations-not-applied",
    "habilitations-refused",
    "identity-linked",
    "information-given",
    "information-requested",
    "invitation",
    "invoice-rejected",
    "invoice-status",
    "login-cancellation",
    "login-confirmation",
    "management-handed-over",
    "management-lost",
    "management-transferred",
    "password-reset",
    "question-settled",
    "rattachement-begun",
    "rattachement-ended",
    "rattachement-expired",
    "rattachement-granted",
    "rattachement-made",
    "rattachement-not-applied",
    "rattachement-refused",
    "rattachement-removed",
    "recap",
    "registration-repeated",
    "reactivation",
    "reactivation-refused",
    "ticket-answered",
    "ticket-confirmation",
    "ticket-news",
    "ticket-opened",
    "ticket-to-answer",
    "ticket-to-treat",
    "vacancy-code",
    "vacancy-notice",
    "vacancy-opened",
    "vacancy-settled",
]
Status = Literal["waiting", "gathered", "sent", "failed", "suppressed"]
"""``gathered``: told by a digest instead of by itself."""

LINKED = frozenset({"contact-confirmation", "login-cancellation", "login-confirmation"})
"""Letters that prove one address, or take it back."""
OPENING = LINKED | {
    "activation",
    "code",
    "erasure",
    "invitation",
    "password-reset",
    "reactivation",
    "ticket-confirmation",
    "vacancy-code",
}
"""Letters that bring the link or the code they are about, and say nothing else."""
OF_THE_ACCOUNT = frozenset(
    {
        "account-changed",
        "export-ready",
        "identity-linked",
        "management-handed-over",
        "reactivation-refused",
        "registration-repeated",
    }
)
"""Letters that go to the login address, whatever the contact address is; so do links and codes."""
ALWAYS = (
    OF_THE_ACCOUNT
    | OPENING
    | {
        "client-secret-expiring",
        "management-lost",
        "management-transferred",
        "ticket-answered",
        "vacancy-notice",
    }
)
"""Letters about accounts and their powers: they leave at once, whatever their reader wishes."""
TO_DECIDERS: Final[frozenset[Template]] = frozenset(
    {"approval-escalated", "approval-opened", "approval-reminder", "information-given"}
)
"""About questions: for those alone who may decide there when they leave."""
SHOWN_BY_THEIR_FACT: Final[frozenset[Template]] = TO_DECIDERS | {"ticket-opened"}
"""Their reader had the right by which it happened; that may be heard here a moment later."""
PRESSING: Final[frozenset[Template]] = frozenset({"approval-escalated", "approval-reminder"})
"""Of questions that expire without an answer: nobody can switch them off (ADR 0033)."""
MOST_SUBJECTS: Final = 100
"""That one letter keeps; one of so many is taken to be of use."""
OF_NO_USE: Final = "It is of no use any more."
IN_BULK: Final[frozenset[Template]] = frozenset({"digest", "recap"})
"""
A hundred thousand of them are due at one moment of the morning, when somebody who signs in waits
for a code: they go behind all others.
"""
TO_AUTHORS: Final[frozenset[Template]] = frozenset({"ticket-news", "ticket-opened"})
"""About what their reader wrote for a structure: for them while they are attached to it."""
TO_THE_INACTIVE: Final[frozenset[Template]] = frozenset(
    {
        "activation",
        "erasure",
        "invitation",
        "login-cancellation",
        "reactivation",
        "reactivation-refused",
    }
)
"""
All that an account gets while it is not active: what opens it, what its owner has asked for since
they left, and what takes a login back from a thief who deactivated it (NOT-07).
"""
DIGITS: Final[dict[str, int]] = {"code": 6, "vacancy-code": CLAIM_DIGITS}
"""Of the letters that bring a code, not a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a one-time link or code is made of; useless without the signing key."""

    purpose: str
    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How often one thing happened in one structure."""

    structure: str
    kind: str
    count: int
    structure_id: str = ""
    """Empty in what was kept before it was: that is told whatever has become of its reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation:
    """That an operator has read the words of a letter to somebody, and when first."""

    by: str
    at: datetime


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
    language: str = ""
    """Of whoever is written to as a client of somebody; else their own."""
    application: str = ""
    """Whose rhythm it leaves by; it is for those alone whom that application is open to."""
    structure_id: str = ""
    unit: str | None = None
    supplier_id: str = ""
    """Of what it is about, for a reader who may be one of its client's: see ``muting``."""
    subject_id: str = ""
    """What it asks for or tells of: once that is settled, it is of no use."""
    rank: int = 0
    """Of what it tells, among all that is told of its subject."""
    more_subjects: tuple[str, ...] = ()
    """The others, where one letter tells of several: it is of use while one of all stands."""
    asked_about: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each question among these: the only units it is about; none: the whole structure."""
    movements: tuple[Moved, ...] = ()
    """Of a recap."""
    digest_id: str = ""
    read_at: datetime | None = None
    consulted: tuple[Consultation, ...] = ()
    """By operators, each once."""
    status: Status = "waiting"
    attempts: int = 0
    held: bool = False
    """Whether it was put off for more than a moment: its reader may have lost rights meanwhile."""
    created_at: datetime
    sent_at: datetime | None = None
    last_error: str = ""
    message_id: str = ""
    address_id: str = ""
    """Where it went: the address's keyed hash."""
    forgotten: bool = False
    """Its words are gone: what is left says that it was written, and what became of it."""

    @property
    def subjects(self) -> tuple[str, ...]:
        return (self.subject_id, *self.more_subjects) if self.subject_id else ()

    @property
    def questions(self) -> tuple[tuple[str, ...], ...]:
        return tuple(self.asked_about.values())

    @property
    def moved_in(self) -> tuple[str, ...]:
        """The structures that a recap tells of."""
        return tuple(one.structure_id for one in self.movements if one.structure_id)


def lane_of(letter: Letter) -> dict[str, bool]:
    return {"in_bulk": letter.template in IN_BULK}


def write(letter: Letter, current: Letter | None) -> Change[Letter]:
    """Keep a letter to be sent at once; one already written stays, and tells of this as well."""
    if current is None:
        return Change(replace(letter, wake_at=letter.created_at))
    subject, known = letter.subject_id, current.subjects
    dropped = current.status == "suppressed" and current.last_error == OF_NO_USE
    waits = dropped or current.status in ("waiting", "gathered")
    if not waits or not known or subject in known or len(known) >= MOST_SUBJECTS:
        return Change(current)
    telling = replace(
        current,
        more_subjects=(*current.more_subjects, subject),
        asked_about=current.asked_about | letter.asked_about,
    )
    if dropped:
        # What it told of was settled before it left: it leaves for what still stands.
        telling = replace(
            telling, status="waiting", attempts=0, last_error="", wake_at=letter.created_at
        )
    return Change(telling)


def forget_words(current: Letter) -> Change[Letter]:
    """Keep that it was written, and no more; it does not leave if it has not."""
    left = replace(
        current,
        to="",
        params={},
        reason="",
        link=None,
        about_id=None,
        address_id="",
        movements=(),
        forgotten=True,
    )
    if left.status == "waiting":
        left = replace(left, status="suppressed", last_error="Its words were taken away.")
    return Change(replace(left, wake_at=None))


def forget_other(current: Letter) -> Change[Letter]:
    """Somebody it is about is forgotten: their words, and who they were. It leaves all the same."""
    return Change(replace(current, reason="", about_id=None))


def address(letter: Letter, person: Person) -> str:
    """Where a letter goes; empty when that address is awaited no longer."""
    if letter.to:
        return letter.to
    if letter.link and letter.template in LINKED:
        return person.linked.get(letter.link.nonce, "")
    if letter.template in OPENING | OF_THE_ACCOUNT:
        return person.login or person.email
    return person.email


def recipient(letter: Letter, known: Person | None) -> Person | None:
    """Whoever it is for; of an address without an account nothing else is known."""
    if not letter.to:
        return replace(known, language=letter.language) if known and letter.language else known
    return Person(
        id=letter.recipient_id,
        first_name="",
        last_name="",
        email=letter.to,
        language="fr",
        active=True,
        heard=0,
    )


def of_question(id: str, units: tuple[str, ...] | None) -> dict[str, tuple[str, ...]]:
    """Nothing where it was not told what the question is about."""
    return {} if units is None else {id: units}


def of_structure(name: str | None) -> dict[str, str]:
    return {"structure_name": name or ""}


def author_of(words: str, by: str) -> str | None:
    """Whose words a letter brings: they go with that person."""
    return by if words and by else None
