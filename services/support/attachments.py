"""The files of tickets, and what they are decided together with."""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Self

from kit.clock import now
from kit.collection import Ask
from kit.file import Scan, noted
from kit.files import FileCounts, Files
from kit.formats import Described
from kit.mongo import IndexModel
from kit.service import Service
from kit.workers import Job
from services.support.domain import acts
from services.support.domain import attachments as domain
from services.support.domain.acts import Doing
from services.support.domain.attachments import TicketAttachment
from services.support.domain.reach import Reach, seen
from services.support.domain.tickets import Ticket
from services.support.records import Records
from services.support.settings import SupportSettings


@dataclass(frozen=True, slots=True)
class TicketAttachments:
    files: Files[TicketAttachment]
    counts: FileCounts
    records: Records
    settings: SupportSettings

    @classmethod
    def of(cls, service: Service[SupportSettings], records: Records) -> Self:
        indexes = [
            IndexModel([("ticket_id", 1), ("added_at", -1), ("_id", -1)]),
            IndexModel("content"),
            IndexModel([("added_by", 1), ("_id", 1)]),
        ]
        files = Files.of(service, "attachments", TicketAttachment, indexes=indexes)
        return cls(
            files=files,
            counts=FileCounts.of(service, files),
            records=records,
            settings=service.settings,
        )

    async def add(
        self, id: str, ticket_id: str, *, described: Described, content: bytes, reach: Reach
    ) -> TicketAttachment:
        add = partial(
            domain.add,
            id=id,
            described=described,
            reach=reach,
            looked=await self.counts.look(ticket_id, {"ticket_id": ticket_id}),
            most=self.settings.ticket_files_most,
            now=now(),
        )

        def ask(stored: str, scan: Scan) -> Ask:
            places = (
                self.files.collection.at(id),
                self.records.tickets.at(ticket_id),
                self.counts.collection.at(ticket_id),
                self.records.entries.at(id),
            )
            return Ask(places, partial(add, content=stored, scan=scan))

        return await self.files.add(content, ask)

    async def of_ticket(self, ids: list[str], ticket: Ticket) -> list[TicketAttachment]:
        """In this order; raises NotFound when one is not there, or another ticket's."""
        known = await self.files.collection.many(ids)
        return [domain.of_ticket(known.get(one), ticket) for one in ids]

    async def remove(self, id: str, ticket: Ticket, *, reach: Reach) -> None:
        found = await self.of_ticket([id], ticket)
        places = (self.files.collection.at(id), self.records.tickets.at(ticket.id))
        await self.files.remove(found, Ask(places, partial(domain.remove, reach=reach)))

    async def discard(self, id: str, *, reach: Reach, if_match: int | None) -> None:
        """Throw a draft away with its files."""
        looked = await self.counts.look(id, {"ticket_id": id})
        files = await self.files.collection.select({"ticket_id": id})
        ids = frozenset(one.id for one in files)
        places = (
            self.records.tickets.at(id),
            self.counts.collection.at(id),
            *(self.files.collection.at(one.id) for one in files),
        )
        decide = partial(domain.discard, ids=ids, looked=looked, reach=reach)
        await self.files.remove(files, Ask(places, decide, if_match))

    async def note_read(self, files: list[TicketAttachment], ticket: Ticket, reach: Reach) -> None:
        """What the desk reads of others is an entry that they see, once for each file and agent."""
        if not domain.stands_for_others(seen(ticket, reach)[1]):
            return
        at = now()
        for one in files:
            id = hashlib.sha256(f"{one.id}/{reach.user_id}".encode()).hexdigest()[:32]
            read = partial(
                acts.attachment_read,
                name=one.name,
                by=Doing(entry_id=id, reach=reach, now=at),
            )
            places = (self.records.tickets.at(ticket.id), self.records.entries.at(id))
            await self.files.committer.keep(Ask(places, read))

    def jobs(self) -> list[Job]:
        return self.files.jobs(noted)
