"""What suppliers have switched off for the people of their clients (CRM-18). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.structures import (
    ClientAccountAccepted,
    ClientAccountRefused,
    ClientContactNotificationsChanged,
)
from kit.change import Change, Entity
from services.notifications.domain.letters import Letter, Template
from services.notifications.domain.ticket_letters import TO_ANSWER

SWITCHED_OFF: Final = "Its supplier has switched it off."
SWITCHES: Final[Mapping[Template, str]] = {
    "invoice-status": "invoices",
    "ticket-news": "tickets",
    "ticket-opened": "tickets",
}
"""Of a contact's switches, the one that each kind of letter obeys; a rejection asks for an act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccount(Entity):
    """Whether a client has refused its account: then nobody there is muted."""

    refused: bool
    heard: int
    """The version that structures gave the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Entity):
    """The letters that one user of a client does not get from a supplier."""

    muted: tuple[str, ...]
    heard: int


class Muted(NamedTuple):
    """What may keep a letter from its reader."""

    switch: str
    account_id: str
    contact_id: str


def account_id(client_id: str, supplier_id: str) -> str:
    return f"{client_id}:{supplier_id}"


def contact_id(client_id: str, supplier_id: str, user_id: str) -> str:
    return f"{client_id}:{supplier_id}:{user_id}"


def copy_account(
    told: ClientAccountAccepted | ClientAccountRefused, current: ClientAccount | None
) -> Change[ClientAccount]:
    if current and current.heard >= told.version:
        return Change(current)
    return Change(
        ClientAccount(
            id=account_id(told.structure_id, told.supplier_id),
            version=current.version if current else 0,
            refused=isinstance(told, ClientAccountRefused),
            heard=told.version,
        )
    )


def copy_contact(
    told: ClientContactNotificationsChanged, current: Contact | None
) -> Change[Contact]:
    if current and current.heard >= told.version:
        return Change(current)
    return Change(
        Contact(
            id=contact_id(told.structure_id, told.supplier_id, told.user_id),
            version=current.version if current else 0,
            muted=told.muted,
            heard=told.version,
        )
    )


def may_mute(letter: Letter) -> Muted | None:
    """None: it is about no supplier, or asks its reader for something."""
    switch = SWITCHES.get(letter.template)
    if not (switch and letter.supplier_id and letter.structure_id):
        return None
    if letter.params.get("news") in TO_ANSWER:
        return None
    both = letter.structure_id, letter.supplier_id
    return Muted(switch, account_id(*both), contact_id(*both, letter.recipient_id))


def mutes(by: Muted, account: ClientAccount | None, contact: Contact | None) -> bool:
    refused = account is not None and account.refused
    return not refused and contact is not None and by.switch in contact.muted
