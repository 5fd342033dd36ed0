"""What is asked for with a ticket, and granted by the desk for others to do."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from contracts.structures import PublicStructureSettled
from contracts.users import ReactivationSettled
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now, today
from kit.collection import Ask, Collection, Place
from kit.committer import Committer
from kit.rights import RightsCopy
from kit.workers import Job, Worker
from services.support.domain import requests
from services.support.domain.acts import Doing
from services.support.domain.clocks import Timing
from services.support.domain.requests import Asked, Request, Settled, settlement_id
from services.support.domain.tickets import Ticket
from services.support.records import Records


@dataclass(frozen=True, slots=True)
class Granting:
    committer: Committer
    records: Records
    requests: Collection[Request]
    rights: RightsCopy
    timing: Timing

    async def decide(
        self,
        id: str,
        *,
        accepted: bool,
        answer: str,
        structure: Asked | None,
        if_match: int | None,
        by: Doing,
    ) -> tuple[Request, Ticket]:
        """``if_match``: the version of its ticket."""
        asked = await self.requests.find(id)

        def decide(ticket: Ticket | None, *beside: Any) -> tuple[Change[Any], ...]:
            request, entry, requester = beside
            decided, after, noted, same = requests.decide(
                request,
                ticket,
                entry,
                requester,
                accepted=accepted,
                answer=answer,
                structure=structure,
                timing=self.timing,
                by=by,
            )
            return after, decided, noted, same

        places = (
            self.records.tickets.at(id),
            self.requests.at(id),
            self.records.entries.at(by.entry_id),
            self.records.people.at(asked.person_id if asked else ""),
        )
        ticket, request, *_ = await self.committer.keep(Ask(places, decide, if_match))
        return request, ticket

    def hear(self, on: Subscriptions) -> Subscriptions:
        def settle(told: Settled) -> Ask:
            places = self._of(told.ticket_id, told.acceptance)
            return Ask(places, partial(requests.settle, told, timing=self.timing))

        on(ReactivationSettled)(settle)
        on(PublicStructureSettled)(settle)
        return on

    def jobs(self) -> list[Job]:
        return [Worker(self.requests, claim=requests.claim, work=self._conclude)]

    async def _conclude(self, request: Request) -> None:
        """What users has made of a structure that was created."""
        requester = await self.records.people.find(request.person_id)
        manager = await self.rights.principal_manager(request.structure_id, today())
        decide = partial(
            requests.conclude,
            claimed=request,
            managed=manager is not None,
            gone=requester is not None and not requester.active,
            timing=self.timing,
            now=now(),
        )
        await self.committer.keep(Ask(self._of(request.id, request.acceptance), decide))

    def _of(self, ticket_id: str, acceptance: int) -> tuple[Place, ...]:
        entry_id = settlement_id(ticket_id, acceptance)
        return (
            self.requests.at(ticket_id),
            self.records.tickets.at(ticket_id),
            self.records.entries.at(entry_id),
        )
