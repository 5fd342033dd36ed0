"""What is asked for with a ticket, and granted by the desk for others to do."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from contracts.structures import PublicStructureSettled
from contracts.users import ReactivationSettled
from kit.bus import Subscriptions
from kit.collection import Ask, Collection
from kit.committer import Committer
from services.support.domain import requests
from services.support.domain.acts import Doing
from services.support.domain.clocks import Timing
from services.support.domain.requests import Asked, Request, Settled
from services.support.domain.tickets import Ticket
from services.support.records import Records


@dataclass(frozen=True, slots=True)
class Granting:
    committer: Committer
    records: Records
    requests: Collection[Request]
    timing: Timing

    async def decide(
        self, id: str, *, accepted: bool, answer: str, structure: Asked | None, by: Doing
    ) -> tuple[Request, Ticket]:
        asked = await self.requests.find(id)
        kept: tuple[Any, ...] = await self.committer.change_together(
            (
                self.requests.at(id),
                self.records.tickets.at(id),
                self.records.entries.at(by.entry_id),
                self.records.people.at(asked.person_id if asked else ""),
            ),
            partial(
                requests.decide,
                accepted=accepted,
                answer=answer,
                structure=structure,
                timing=self.timing,
                by=by,
            ),
        )
        return kept[0], kept[1]

    def hear(self, on: Subscriptions) -> Subscriptions:
        def settle(told: Settled) -> Ask:
            return Ask(
                (
                    self.requests.at(told.ticket_id),
                    self.records.tickets.at(told.ticket_id),
                    self.records.entries.at(requests.settlement_id(told)),
                ),
                partial(requests.settle, told, timing=self.timing),
            )

        on(ReactivationSettled)(settle)
        on(PublicStructureSettled)(settle)
        return on
