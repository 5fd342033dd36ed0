"""What a client's people may use of a supplier's portal, and what both sides write there. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kit.change import Change, Entity
from services.structures.domain.client_accounts import (
    ClientAccount,
    ClientRecord,
    UnknownFeature,
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


def contact_id(account_id: str, user_id: str) -> str:
    return f"{account_id}:{user_id}"


def switch(
    current: Contact | None,
    account: ClientAccount | None,
    *,
    id: str,
    permissions: dict[str, bool],
    notifications: dict[str, bool],
    portal: Portal,
) -> tuple[Change[Contact], Change[ClientAccount]]:
    """Set each switch of a contact; one that is not named is on."""
    unchanged = Change(accepted(account))
    closed = _off(permissions, portal.feature_codes, "permissions")
    muted = _off(notifications, portal.notification_codes, "notifications")
    contact = replace(current or Contact(id=id), closed=closed, muted=muted)
    return Change(contact), unchanged


def write(
    current: ClientMessage | None, account: ClientAccount | None, *, message: ClientMessage
) -> tuple[Change[ClientMessage], Change[ClientAccount]]:
    return Change(current or message), Change(accepted(account))


def permitted(record: ClientRecord, contact: Contact | None, portal: Portal) -> tuple[str, ...]:
    """The features open to a contact: those of the client that were not closed to this one."""
    closed = contact.closed if contact else ()
    features = open_features(record, portal.feature_codes)
    return tuple(code for code in features if code not in closed)


def notified(contact: Contact | None, portal: Portal) -> tuple[str, ...]:
    muted = contact.muted if contact else ()
    return tuple(code for code in portal.notification_codes if code not in muted)


def _off(switches: dict[str, bool], known: Iterable[str], name: str) -> tuple[str, ...]:
    for code in switches.keys() - {*known}:
        raise UnknownFeature(field=f"body/{name}/{code}")
    return tuple(sorted(code for code, is_on in switches.items() if not is_on))
