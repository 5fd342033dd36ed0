"""For whom somebody who writes a ticket may speak, and to whom."""

from dataclasses import dataclass, replace

from kit.clock import today
from kit.http import Caller
from kit.rights import RightsCopy
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Content, Known, addressed, filled, preselected
from services.support.domain.known import Structure, there, unit_id
from services.support.domain.objects import object_id
from services.support.domain.portals import SupportNotOpen, contact_id, portal_id, support_is_open
from services.support.records import Records


@dataclass(frozen=True, slots=True)
class Speaking:
    """What a ticket's words need of others: rattachements, and whose support is open to whom."""

    records: Records
    rights: RightsCopy
    catalogue: Catalogue

    async def known(self, caller: Caller, content: Content, *, draft: bool = False) -> Known:
        """
        What is known of those whom a ticket names; ``draft``: one that is to be sent.

        Refuses what a client's people write to a supplier that closed its support to them.
        """
        named = content.structure_id
        structure = await self.records.structures.find(named) if named else None
        attached, unit = await self._for_whom(caller, content, structure)
        somebody = await self.records.people.find(caller.user_id)
        sent_to = await self.sent_to(content) if attached else None
        known = Known(
            attached=attached,
            unit=unit,
            active=structure is None or structure.active,
            email=somebody.email if somebody else "",
            sent_to=sent_to,
        )
        to_send = filled(content, known, self.catalogue)
        recipient = (addressed(to_send, known) if draft else to_send).recipient_structure_id
        if recipient is None:
            return known
        await self._require_open(caller, content.structure_id, recipient)
        found = await self.records.structures.find(recipient)
        if found is None:
            return known
        return replace(known, recipient=True, recipient_active=found.active)

    async def _for_whom(
        self, caller: Caller, content: Content, structure: Structure | None
    ) -> tuple[bool, bool]:
        """Whether the caller is attached to its structure today, and to its unit."""
        if content.structure_id is None:
            return False, False
        held = await self.rights.of(caller.user_id, content.structure_id)
        if held is None or not held.valid(today()):
            return False, False
        if content.unit is None or not held.covers(content.unit, today()):
            return True, False
        unit = await self.records.units.find(unit_id(content.structure_id, content.unit))
        return True, there(structure, unit, content.unit)

    async def sent_to(self, content: Content) -> str | None:
        """To whom this structure sent the object, if another system told of it (SUP-07)."""
        type = preselected(content, self.catalogue).object_type
        if content.structure_id is None or type is None or not content.object_number:
            return None
        id = object_id(content.structure_id, type, content.object_number)
        known = await self.records.objects.find(id)
        if known is None:
            return None
        # Of a structure that support has not heard of yet nothing can be filled in.
        heard = await self.records.structures.find(known.recipient_id)
        return heard.id if heard else None

    async def _require_open(self, caller: Caller, structure_id: str | None, recipient: str) -> None:
        if not await self.open_to(caller.user_id, structure_id, recipient):
            raise SupportNotOpen

    async def open_to(self, user_id: str, structure_id: str | None, recipient: str) -> bool:
        """Whether a supplier lets somebody write to its support, for this structure or any."""
        clients = [structure_id] if structure_id else []
        if not clients:
            held = await self.rights.of_user(user_id)
            clients = [one.structure_id for one in held if one.valid(today())]
        ids = [(portal_id(one, recipient), contact_id(one, recipient, user_id)) for one in clients]
        portals = await self.records.portals.many([portal for portal, _ in ids])
        contacts = await self.records.contacts.many([contact for _, contact in ids])
        return support_is_open(
            (portals.get(portal), contacts.get(contact)) for portal, contact in ids
        )
