"""For whom somebody who writes a ticket may speak, and to whom."""

from dataclasses import dataclass

from kit.clock import today
from kit.collection import Collection
from kit.http import Caller
from kit.rights import RightsCopy
from services.support.domain.contents import Content
from services.support.domain.portals import (
    Contact,
    Portal,
    contact_id,
    portal_id,
    require_support,
)


@dataclass(frozen=True, slots=True)
class Speaking:
    """What a ticket's words need of others: rattachements, and whose support is open to whom."""

    portals: Collection[Portal]
    contacts: Collection[Contact]
    rights: RightsCopy

    async def attached(self, caller: Caller, structure_id: str | None) -> frozenset[str]:
        """The structure, if the caller is attached to it today."""
        if structure_id is None:
            return frozenset()
        held = await self.rights.of(caller.user_id, structure_id)
        return frozenset({structure_id} if held and held.valid(today()) else ())

    async def require_open(self, caller: Caller, content: Content) -> None:
        """Refuse what a client's people write to a supplier that closed its support to them."""
        recipient = content.recipient_structure_id
        if recipient is None:
            return
        clients = [content.structure_id] if content.structure_id else []
        if not clients:
            held = await self.rights.of_user(caller.user_id)
            clients = [one.structure_id for one in held if one.valid(today())]
        ids = [
            (portal_id(one, recipient), contact_id(one, recipient, caller.user_id))
            for one in clients
        ]
        portals = await self.portals.many([portal for portal, _ in ids])
        contacts = await self.contacts.many([contact for _, contact in ids])
        require_support((portals.get(portal), contacts.get(contact)) for portal, contact in ids)
