"""Finds out as whom a caller may know of tickets."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from kit.clock import today
from kit.http import Caller
from kit.rights import Rights, RightsCopy
from services.support.domain.reach import Reach, reach_of
from services.support.domain.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Reaching:
    rights: RightsCopy

    async def to(self, ticket: Ticket | None, caller: Caller) -> Reach:
        """As whom they may know of this ticket; of other tickets it says too little."""
        named = (ticket.content.structure_id, ticket.recipient_id) if ticket else ()
        return await self.among(named, caller)

    async def among(self, structure_ids: Iterable[str | None], caller: Caller) -> Reach:
        """As whom they may know of tickets of these structures, and of none but their own."""
        named = sorted({id for id in structure_ids if id})
        held = [await self.rights.of(caller.user_id, id) for id in named]
        return _of(caller, _reach_of_all([one for one in held if one], today()))

    async def everywhere(self, caller: Caller) -> Reach:
        """As whom they may know of any ticket: of thousands of structures, if they must."""
        reach = await self.rights.made_of_user(caller.user_id, _reach_of_all, today())
        return _of(caller, reach)


def _reach_of_all(held: Iterable[Rights], on: date) -> Reach:
    """But for who they are."""
    # What could not be read might have taken rights away.
    readable = ((one.structure_id, one) for one in held if not one.blocked)
    return reach_of("", readable, on, desk=False)


def _of(caller: Caller, reach: Reach) -> Reach:
    return replace(reach, user_id=caller.user_id, desk=caller.operator)
