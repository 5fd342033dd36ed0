"""Keeps what the desk has read and taken of others, for them to see (decision 0040)."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import structlog
from fastapi import BackgroundTasks

from kit.clock import now, today
from kit.collection import Collection
from kit.http import Caller
from kit.ids import new_id
from kit.spreadsheets import Row
from services.support.domain import acts, exports
from services.support.domain.activity import Entry
from services.support.domain.acts import Doing
from services.support.domain.exports import Asked, Export, Format
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket
from services.support.reaching import Reaching
from services.support.sought import Sought

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Consulting:
    entries: Collection[Entry]
    exports: Collection[Export]
    reaching: Reaching

    def note(self, ticket: Ticket, caller: Caller, afterwards: BackgroundTasks) -> None:
        """Once the answer has left: reading waits for nothing, and fails for no record of it."""
        if caller.operator:
            afterwards.add_task(self.noted, ticket, caller)

    async def noted(self, ticket: Ticket, caller: Caller) -> None:
        """The same at once."""
        if not caller.operator:
            return
        said = f"{ticket.id}/{caller.user_id}/{today()}"
        id = hashlib.sha256(said.encode()).hexdigest()[:32]
        try:
            reach = await self.reaching.to(ticket, caller)
            if not acts.is_consulted(ticket, reach) or await self.entries.find(id):
                return
            by = Doing(entry_id=id, reach=reach, now=now())
            await self.entries.change(id, partial(acts.consulted, ticket=ticket, by=by))
        except Exception:
            log.warning("unable to note who has read", ticket=ticket.id, exc_info=True)

    async def leaving(
        self, rows: AsyncIterator[list[Row]], format: Format, sought: Sought, reach: Reach
    ) -> AsyncIterator[list[Row]]:
        """The same rows; what leaves of others for the desk is kept before the first of them."""
        asked = _asked(sought)
        if not exports.of_others(reach, asked):
            return rows
        begun = Export(id=new_id(), by=reach.user_id, at=now(), format=format, asked=asked)
        await self.exports.change(begun.id, partial(exports.begin, begun=begun))
        return self._counted(rows, begun.id)

    async def _counted(self, rows: AsyncIterator[list[Row]], id: str) -> AsyncIterator[list[Row]]:
        tickets = 0
        async for batch in rows:
            yield batch
            tickets += len(batch)
        try:
            await self.exports.change(id, partial(exports.end, tickets=tickets))
        except Exception:
            log.warning("unable to note how much has left", export=id, exc_info=True)


def _asked(sought: Sought) -> Asked:
    return Asked(
        tab=sought.tab,
        view=sought.seen_as,
        state=sought.state,
        category=sought.category,
        subcategory=sought.subcategory,
        structure_id=sought.structure_id,
        overdue=sought.overdue or False,
        created_from=sought.created_from,
        created_until=sought.created_until,
        number=sought.number,
        words=len(sought.words),
    )
