"""What the users service tells. Topic: users.events."""

from datetime import date, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.event import Event, PersonalText

Role = Literal["principal_manager", "user"]
Level = Literal["consultation", "modification"]
LinkPurpose = Literal["activation", "password-reset"]
ClaimOutcome = Literal["granted", "objected", "rejected", "lapsed"]

CLAIM_DIGITS: Final = 10
"""Of the code that proves a claim: it opens more than one account, and is good for days."""
RECAP: Final = "weekly-recap"
UNSUBSCRIBED_WITHIN: Final = timedelta(days=90)
"""
Of the link that stops letters, from when one was written; its purpose is ``unsubscription``.

Its nonce begins with what it stops and a colon: an application, RECAP, or nothing for all.
"""
Rhythm = Literal["immediate", "daily", "weekly", "never"]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class QuietHours(BaseModel):
    """Hours of each day in which nobody is to be disturbed; they may pass midnight."""

    model_config = ConfigDict(frozen=True)

    begin: TimeOfDay
    end: TimeOfDay


class NotificationPreferences(BaseModel):
    """When a user is written to of what happens; letters about the account itself always leave."""

    model_config = ConfigDict(frozen=True)

    rhythm: Rhythm = "immediate"
    """Of every application that has none of its own."""
    applications: dict[str, Rhythm] = {}
    weekly_recap: bool = True
    """Of the movements on one's structures; with the rhythm ``never`` there is none either."""
    quiet_hours: QuietHours | None = None
    """In the user's time zone. What comes then waits for their end."""


class Habilitation(BaseModel):
    """One level of one application, on the whole structure or one unit, within its dates."""

    model_config = ConfigDict(frozen=True)

    application: str
    level: Level
    unit: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class Line(BaseModel):
    """One unit, or the whole structure, and the days on which somebody is attached to it."""

    model_config = ConfigDict(frozen=True)

    unit: str | None = None
    """None: the whole structure, its units included."""
    valid_from: date
    valid_until: date | None = None


class PersonChanged(Event, type="users.person-changed.v1", key="user_id"):
    """Who a user is and how to write to them. The only event that carries a name or an address."""

    user_id: str
    first_name: PersonalText
    last_name: PersonalText
    email: PersonalText
    """Where to write of what happens."""
    language: str = "fr"
    active: bool
    version: int
    login: PersonalText = ""
    """Where to write of the account itself: what it is signed in to with."""
    old_login: PersonalText = ""
    old_login_nonce: str = ""
    """Of the link that goes to it; this address is given to no other letter. So with the others."""
    new_login: PersonalText = ""
    new_login_nonce: str = ""
    new_contact: PersonalText = ""
    new_contact_nonce: str = ""
    time_zone: str = "Europe/Paris"
    notifications: NotificationPreferences = Field(
        NotificationPreferences(),
        # As it was told at first: the fields it has gained since have defaults of their own.
        json_schema_extra={"default": {"applications": {}, "rhythm": "immediate"}},
    )


class LinkRequested(Event, type="users.link-requested.v1", key="user_id"):
    """A user needs a one-time link. Without the signing key the nonce opens nothing."""

    user_id: str
    purpose: LinkPurpose
    nonce: str
    expires_at: AwareDatetime


class IdentityLinked(Event, type="users.identity-linked.v1", key="user_id"):
    """An account can be signed in to with an identity provider from now on."""

    user_id: str
    identity_id: str
    provider: str
    """As people know it."""
    linked_at: AwareDatetime


class LinkRequestedV2(Event, type="users.link-requested.v2", key="user_id"):
    """The same for every other purpose, known or to come."""

    user_id: str
    purpose: str
    nonce: str
    expires_at: AwareDatetime
    reason: PersonalText = ""
    """Why the desk has it sent; empty for what somebody asked for."""


class CodeRequested(Event, type="users.code-requested.v1", key="user_id"):
    """A user needs a code by letter. Without the signing key nobody can tell it from the nonce."""

    user_id: str
    nonce: str
    expires_at: AwareDatetime


class AccountChanged(Event, type="users.account-changed.v1", key="user_id"):
    """Something was done to an account: together, what its audit trail is."""

    user_id: str
    action: str
    by: str
    """Who did it; empty for whoever held a link."""
    changed_at: AwareDatetime


class PersonErased(Event, type="users.person-erased.v1", key="user_id"):
    """Nothing that names this user may be kept any more."""

    user_id: str
    erased_at: AwareDatetime


class ExportRequested(Event, type="users.export-requested.v1", key="export_id"):
    """A user asks for all that is kept of them: each service answers with what it has."""

    export_id: str
    user_id: str
    public_key: str
    """The public key to seal it with (X25519, as JWK)."""
    requested_at: AwareDatetime


class ExportReady(Event, type="users.export-ready.v1", key="export_id"):
    """What a user asked for can be taken away, once, until it expires."""

    export_id: str
    user_id: str
    ready_at: AwareDatetime
    expires_at: AwareDatetime


class RegistrationRepeated(Event, type="users.registration-repeated.v1", key="user_id"):
    """Somebody tried to register with the address of an active account."""

    user_id: str
    registration_id: str
    repeated_at: AwareDatetime


class SessionRevoked(Event, type="users.session-revoked.v1", key="session_id"):
    """This session's access tokens are worth nothing from now on."""

    session_id: str
    user_id: str
    expires_at: AwareDatetime
    """When the last of its access tokens would have ended by itself."""


class RattachementRequested(
    Event, type="users.rattachement-requested.v1", key="request_id", audience="public"
):
    """A user asks to be attached to a structure; somebody has to decide."""

    request_id: str
    user_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """The units asked for; none means the whole structure."""
    valid_from: date
    valid_until: date | None = None
    comment: PersonalText = ""
    requested_at: AwareDatetime


class RattachementGranted(
    Event, type="users.rattachement-granted.v1", key="request_id", audience="public"
):
    """A request was approved and applied: the user is attached."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    valid_from: date
    valid_until: date | None = None
    left_out: bool = False
    """Whether it lacks default habilitations, which whoever approved does not hold."""
    granted_at: AwareDatetime


class RattachementRefused(
    Event, type="users.rattachement-refused.v1", key="request_id", audience="public"
):
    """A request was refused, and the requester is told why."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: PersonalText
    refused_at: AwareDatetime


class RattachementNotApplied(
    Event, type="users.rattachement-not-applied.v1", key="request_id", audience="public"
):
    """A request was approved, but could no longer be applied."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: str
    decided_at: AwareDatetime


class HabilitationsRequested(
    Event, type="users.habilitations-requested.v1", key="request_id", audience="public"
):
    """A user asks to be given or to lose habilitations of their own; somebody has to decide."""

    request_id: str
    user_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """The units it is about; none means the whole structure."""
    given: tuple[Habilitation, ...] = ()
    taken: tuple[Habilitation, ...] = ()
    comment: PersonalText = ""
    requested_at: AwareDatetime
    list_id: str | None = None
    """What the lines have in common that the opening of one espace led to."""


class HabilitationsGranted(
    Event, type="users.habilitations-granted.v1", key="request_id", audience="public"
):
    """A request for habilitations was approved and applied."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    given: tuple[Habilitation, ...] = ()
    taken: tuple[Habilitation, ...] = ()
    granted_at: AwareDatetime


class HabilitationsRefused(
    Event, type="users.habilitations-refused.v1", key="request_id", audience="public"
):
    """A request for habilitations was refused, and the requester is told why."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: PersonalText
    refused_at: AwareDatetime


class HabilitationsNotApplied(
    Event, type="users.habilitations-not-applied.v1", key="request_id", audience="public"
):
    """A request for habilitations was approved, but could no longer be applied."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: str
    decided_at: AwareDatetime


class RattachementRequestExpired(
    Event, type="users.rattachement-request-expired.v1", key="request_id", audience="public"
):
    """Nobody decided on a request in time: it is over, and another may be made."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    requested_at: AwareDatetime
    expired_at: AwareDatetime


class HabilitationsRequestExpired(
    Event, type="users.habilitations-request-expired.v1", key="request_id", audience="public"
):
    """Nobody decided on a request for habilitations in time: it is over."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    requested_at: AwareDatetime
    expired_at: AwareDatetime


class RattachementMade(
    Event, type="users.rattachement-made.v1", key="rattachement_id", audience="public"
):
    """A manager attached a user, who had not asked for it or was invited."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """None means the whole structure."""
    valid_from: date
    valid_until: date | None = None
    left_out: bool = False
    """Whether it lacks default habilitations, which whoever made it does not hold."""
    made_by: str
    made_at: AwareDatetime


class RattachementRemoved(
    Event, type="users.rattachement-removed.v1", key="rattachement_id", audience="public"
):
    """A user was detached from a structure or from some of its units, or has left it."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """None means all that the user was attached to."""
    comment: PersonalText = ""
    removed_by: str
    """The user, if they left."""
    removed_at: AwareDatetime


class RattachementBegun(
    Event, type="users.rattachement-begun.v1", key="rattachement_id", audience="public"
):
    """The first day of a rattachement that was given for later has come."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    day: date


class RattachementEnded(
    Event, type="users.rattachement-ended.v1", key="rattachement_id", audience="public"
):
    """The last day of a rattachement has passed."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    day: date
    """The first on which it no longer stands."""


class InvitationSent(Event, type="users.invitation-sent.v1", key="user_id"):
    """Somebody without an account is invited to open one, to be attached to a structure."""

    user_id: str
    """Of the account that waits for them."""
    structure_id: str
    structure_name: str | None
    invited_by: str
    nonce: str
    expires_at: AwareDatetime
    sent_at: AwareDatetime


class EspaceOpened(Event, type="users.espace-opened.v1", key="structure_id", audience="public"):
    """An espace is open in a structure: each user attached is asked about."""

    structure_id: str
    espace: str
    opened_by: str
    opened_at: AwareDatetime


class EspaceClosed(Event, type="users.espace-closed.v1", key="structure_id", audience="public"):
    """An espace is no longer open in a structure: all that it gave ends."""

    structure_id: str
    espace: str
    closed_by: str
    closed_at: AwareDatetime


class RightsChanged(Event, type="users.rights-changed.v1", key="rattachement_id"):
    """
    All that one user may do in one structure, as it now stands.

    ``role`` is None once the user is no longer attached. Validity is checked when read: the dates
    are days in Europe/Paris, both included. ``units``, ``valid_from`` and ``valid_until`` are for
    who knows no lines: never more than the lines give, and less where they differ.
    """

    rattachement_id: str
    """``<user_id>:<structure_id>``"""
    user_id: str
    structure_id: str
    role: Role | None
    units: tuple[str, ...] = ()
    """The units the rattachement is limited to; none means the whole structure."""
    habilitations: tuple[Habilitation, ...] = ()
    may_approve: bool = True
    """False once the principal manager has withdrawn this user's right to decide on approvals."""
    valid_from: date | None = None
    valid_until: date | None = None
    version: int
    lines: tuple[Line, ...] = ()
    """Each unit, or the whole, with its days. Empty with a role: told before there were lines."""


class ManagementTransferred(Event, type="users.management-transferred.v1", key="transfer_id"):
    """From now on somebody is the principal manager of these structures, which were handed over."""

    transfer_id: str
    structure_ids: tuple[str, ...]
    structure_name: str | None
    """Of the only one; None for several."""
    former_manager_id: str
    principal_manager_id: str
    transferred_at: AwareDatetime


class ClientSecretExpiring(Event, type="users.client-secret-expiring.v1", key="client_id"):
    """The secret of another system ends soon: somebody must have a new one made."""

    client_id: str
    name: str
    """Of the system."""
    user_id: str
    """Whoever had the secret made."""
    expires_at: AwareDatetime
    told_at: AwareDatetime


class ReactivationRefused(Event, type="users.reactivation-refused.v1", key="user_id"):
    """Somebody wants a deactivated account back, too late."""

    user_id: str
    refusal_id: str
    refused_at: AwareDatetime


class VacancyOpened(Event, type="users.vacancy-opened.v1", key="structure_id", audience="public"):
    """Nobody decides in this structure: somebody may claim its management."""

    structure_id: str
    structure_name: str | None
    requester_id: str | None
    """Who asked for something there, and found nobody."""
    opened_at: AwareDatetime


class RequestBlocked(Event, type="users.request-blocked.v1", key="request_id"):
    """Nobody may decide on what a user asked: it waits, and they may claim the structure."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    noticed_at: AwareDatetime


class VacancyCodeRequested(Event, type="users.vacancy-code-requested.v1", key="claim_id"):
    """A claim is to be proved by a code, sent to the structure. Without a key the nonce is none."""

    claim_id: str
    structure_id: str
    nonce: str
    expires_at: AwareDatetime


class VacancyNoticeGiven(Event, type="users.vacancy-notice-given.v1", key="claim_id"):
    """Somebody has proved a claim: it is granted unless the present manager objects in time."""

    claim_id: str
    structure_id: str
    structure_name: str | None
    claimant_id: str
    manager_id: str
    notice_until: AwareDatetime
    given_at: AwareDatetime


class VacancyClaimSettled(Event, type="users.vacancy-claim-settled.v1", key="claim_id"):
    """What became of a claim; granted, its claimant is the principal manager."""

    claim_id: str
    structure_id: str
    structure_name: str | None
    claimant_id: str
    former_manager_id: str | None
    outcome: ClaimOutcome
    reason: PersonalText = ""
    settled_at: AwareDatetime
