"""Who a user is, how they are reached, and what was done to their account."""

from typing import Literal

from pydantic import AwareDatetime, Field

from contracts.event import Event, PersonalText
from contracts.users.preferences import NotificationPreferences

LinkPurpose = Literal["activation", "password-reset"]


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
    sent_by: str = ""
    """Of the desk: whose words the reason is."""


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


class ClientSecretExpiring(Event, type="users.client-secret-expiring.v1", key="client_id"):
    """The secret of another system ends soon: somebody must have a new one made."""

    client_id: str
    name: str
    """Of the system."""
    user_id: str
    """Whoever had the secret made."""
    expires_at: AwareDatetime
    told_at: AwareDatetime


class ReactivationSettled(Event, type="users.reactivation-settled.v1", key="ticket_id"):
    """What has become of a reactivation that the support desk had accepted."""

    ticket_id: str
    acceptance: int
    user_id: str
    """Whose account it is; empty where there is none with that login."""
    refusal: str
    """The problem that kept the link from being sent; empty once it is."""
    settled_at: AwareDatetime


class ReactivationRefused(Event, type="users.reactivation-refused.v1", key="user_id"):
    """Somebody wants a deactivated account back, too late."""

    user_id: str
    refusal_id: str
    refused_at: AwareDatetime
