"""Tickets as they are first kept, in whichever way they come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.change import Change, Entity
from kit.collection import Collection
from kit.committer import Committer
from kit.http import Caller
from services.support.domain import numbers, writing
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Content
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket
from services.support.reaching import Reaching
from services.support.records import Records
from services.support.speaking import Speaking


@dataclass(frozen=True, slots=True)
class Beside:
    """What is kept with a ticket, under the same id, in the same decision."""

    collection: Collection[Any]
    kept: Entity


@dataclass(frozen=True, slots=True)
class Writing:
    committer: Committer
    records: Records
    reaching: Reaching
    speaking: Speaking
    catalogue: Catalogue

    async def keep(
        self,
        id: str,
        content: Content,
        *beside: Beside,
        draft: bool,
        caller: Caller,
        at: datetime,
        form: str = "",
    ) -> tuple[Ticket, Reach]:
        known = await self.speaking.known(caller, content)
        # Before it is kept: nothing that is kept is answered as if it were not.
        named = (content.structure_id, content.recipient_structure_id, known.sent_to)
        reach = await self.reaching.among(named, caller)

        def decide(*current: Any) -> tuple[Change[Any], ...]:
            others, own = current[: len(beside)], current[len(beside) :]
            written = writing.write(
                *own,
                id=id,
                content=content,
                draft=draft,
                by=caller.user_id,
                known=known,
                catalogue=self.catalogue,
                now=at,
                form=form,
            )
            kept = (Change(other or one.kept) for one, other in zip(beside, others, strict=True))
            return *kept, *written

        kept = await self.committer.change_together(
            (
                *(one.collection.at(id) for one in beside),
                self.records.tickets.at(id),
                self.records.entries.at(id),
                *map(self.records.numbers.at, numbers.numbers_for(id)),
            ),
            decide,
        )
        ticket: Ticket = kept[len(beside)]
        return ticket, reach
