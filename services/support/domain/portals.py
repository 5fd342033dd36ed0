"""To which clients, and to whom of them, suppliers say that their support is open (CRM-03)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from contracts.structures import (
    ClientAccountOpened,
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
)
from kit.change import Change, Entity
from kit.problems import Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal(Entity):
    """Whether a supplier lets the people of one of its clients ask its support for help."""

    support_open: bool
    told: int = 0
    """The version that structures gave the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Entity):
    """Whether a supplier lets one of these people do so, where its support is open to them all."""

    support_open: bool
    told: int


class SupportNotOpen(Forbidden):
    """This supplier's support is not open to this client, or not to you."""


def portal_id(client_id: str, supplier_id: str) -> str:
    return f"{client_id}:{supplier_id}"


def contact_id(client_id: str, supplier_id: str, user_id: str) -> str:
    return f"{client_id}:{supplier_id}:{user_id}"


def copy_portal(
    told: ClientAccountOpened | ClientPermissionsChanged, current: Portal | None
) -> Change[Portal]:
    if current and told.version < current.told:
        return Change(current)
    id = portal_id(told.structure_id, told.supplier_id)
    portal = current or Portal(id=id, support_open=True)
    return Change(replace(portal, support_open="support" in told.features, told=told.version))


def copy_contact(told: ClientContactPermissionsChanged, current: Contact | None) -> Change[Contact]:
    if current and told.version <= current.told:
        return Change(current)
    id = contact_id(told.structure_id, told.supplier_id, told.user_id)
    contact = current or Contact(id=id, support_open=True, told=0)
    return Change(replace(contact, support_open="support" in told.features, told=told.version))


def support_is_open(clients: Iterable[tuple[Portal | None, Contact | None]]) -> bool:
    """
    ``clients``: as which clients somebody may be writing, as far as anything was told of each.

    Of several, one that is open is enough; who is no client of the recipient is refused nothing.
    """
    told = [[one.support_open for one in known if one] for known in clients]
    as_client = [known for known in told if known]
    return not as_client or any(map(all, as_client))
