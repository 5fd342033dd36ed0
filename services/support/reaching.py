"""Finds out as whom a caller may know of tickets."""

from dataclasses import dataclass

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
        named = {ticket.content.structure_id, ticket.recipient_id} if ticket else set()
        held = [await self.rights.of(caller.user_id, id) for id in sorted(filter(None, named))]
        return _reach(caller, [one for one in held if one])

    async def everywhere(self, caller: Caller) -> Reach:
        """As whom they may know of any ticket: of thousands of structures, if they must."""
        return _reach(caller, [*await self.rights.of_user(caller.user_id)])


def _reach(caller: Caller, held: list[Rights]) -> Reach:
    return reach_of(
        caller.user_id,
        # What could not be read might have taken rights away.
        [(one.structure_id, one) for one in held if not one.blocked],
        today(),
        desk=caller.operator,
    )
