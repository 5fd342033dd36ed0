"""What a client's people may use of a supplier's portal, and what both sides write there. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from contracts.event import Event
from contracts.structures import (
    ClientContactNotificationsChanged,
    ClientContactPermissionsChanged,
)
from kit.change import Change, Entity
from kit.problems import Invalid
from services.structures.domain.client_accounts import (
    ClientAccount,
    ClientRecord,
    UnknownFeature,
    named,
    open_features,
)
from services.structures.domain.client_consent import accepted

Side = Literal["supplier", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Something that is on unless it was switched off."""

    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """All that may be switched: features for a client and its contacts, letters for a contact."""

    features: tuple[Switch, ...]
    notifications: tuple[Switch, ...]

    @property
    def feature_codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.features)

    @property
    def notification_codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.notifications)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Entity):
    """What a supplier switched off for one user of a client; ``id`` is the account's and theirs."""

    closed: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMessage(Entity):
    """One message in the communication space of an account."""

    account_id: str
    side: Side
    author_id: str
    text: str
    sent_at: datetime


class UnknownNotification(Invalid):
    """The portal sends no such notification."""


def contact_id(account_id: str, user_id: str) -> str:
    return f"{account_id}:{user_id}"


def user_of(contact: Contact) -> str:
    return contact.id.rpartition(":")[2]


def switch(
    current: Contact | None,
    account: ClientAccount | None,
    *,
    user_id: str,
    permissions: dict[str, bool],
    notifications: dict[str, bool],
    portal: Portal,
    now: datetime,
) -> tuple[Change[Contact], Change[ClientAccount]]:
    """Set each switch of a contact; one that is not named is on."""
    account = accepted(account)
    for code in permissions.keys() - {*portal.feature_codes}:
        raise UnknownFeature(field=f"body/permissions/{code}")
    for code in notifications.keys() - {*portal.notification_codes}:
        raise UnknownNotification(field=f"body/notifications/{code}")
    before = current or Contact(id=contact_id(account.id, user_id))
    contact = replace(before, closed=_off(permissions), muted=_off(notifications))
    said = named(account) | {
        "version": contact.version + 1,
        "contact_id": contact.id,
        "user_id": user_id,
        "changed_at": now,
    }
    told = list[Event]()
    if contact.closed != before.closed:
        features = own_features(contact, portal)
        told.append(ClientContactPermissionsChanged(**said, features=features))
    if contact.muted != before.muted:
        told.append(ClientContactNotificationsChanged(**said, muted=contact.muted))
    return Change(contact, tuple(told)), Change(account)


def write(
    current: ClientMessage | None, account: ClientAccount | None, *, message: ClientMessage
) -> tuple[Change[ClientMessage], Change[ClientAccount]]:
    return Change(current or message), Change(accepted(account))


def permitted(record: ClientRecord, contact: Contact | None, portal: Portal) -> tuple[str, ...]:
    """The features open to a contact: those of the client that were not closed to this one."""
    return open_features(record, own_features(contact, portal))


def own_features(contact: Contact | None, portal: Portal) -> tuple[str, ...]:
    """The features that were not closed to this contact, whether or not its client has them."""
    closed = contact.closed if contact else ()
    return tuple(code for code in portal.feature_codes if code not in closed)


def notified(contact: Contact | None, portal: Portal) -> tuple[str, ...]:
    muted = contact.muted if contact else ()
    return tuple(code for code in portal.notification_codes if code not in muted)


def _off(switches: dict[str, bool]) -> tuple[str, ...]:
    return tuple(sorted(code for code, is_on in switches.items() if not is_on))
