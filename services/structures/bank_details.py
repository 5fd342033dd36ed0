"""The bank details of structures, each changed together with the register of its structure."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from kit.clock import now
from kit.collection import Ask, Collection, Place
from kit.http import Caller
from kit.mongo import IndexModel
from kit.service import Service
from services.structures.attachments import Attachments
from services.structures.domain import bank_details as domain
from services.structures.domain.bank_details import BankDetails, Wanted
from services.structures.domain.standing import Standing
from services.structures.domain.structures import Structure


@dataclass(frozen=True, slots=True)
class BankAccounts:
    """What a structure's managers do with its bank details, and its people may read."""

    details: Collection[BankDetails]
    attachments: Attachments

    @classmethod
    def of(cls, service: Service[Any], attachments: Attachments) -> Self:
        by_structure = IndexModel([("structure_id", 1), ("status", 1), ("_id", 1)])
        details = service.collection("bank-details", BankDetails, indexes=[by_structure])
        return cls(details, attachments)

    async def approached(self, structure_id: str, caller: Caller) -> tuple[Structure, Standing]:
        return await self.attachments.approached(structure_id, caller)

    async def add(self, id: str, structure_id: str, wanted: Wanted, *, to: Standing) -> BankDetails:
        places = self._places(id, structure_id, wanted.document_id)
        decide = partial(domain.add, id=id, wanted=wanted, to=to, now=now())
        return await self._keep(Ask(places, decide))

    async def modify(
        self, id: str, structure_id: str, wanted: Wanted, *, to: Standing, if_match: int | None
    ) -> BankDetails:
        places = self._places(id, structure_id, wanted.document_id)
        decide = partial(domain.modify, wanted=wanted, to=to, now=now())
        return await self._keep(Ask(places, decide, if_match))

    async def deactivate(
        self, id: str, structure_id: str, *, confirmed: bool, to: Standing, if_match: int | None
    ) -> BankDetails:
        decide = partial(domain.deactivate, confirmed=confirmed, to=to, now=now())
        return await self._keep(Ask(self._places(id, structure_id), decide, if_match))

    def _places(self, id: str, structure_id: str, *document: str) -> tuple[Place, ...]:
        kept = self.attachments
        return (
            self.details.at(id),
            kept.registers.at(structure_id),
            kept.structures.at(structure_id),
            *(kept.files.at(one) for one in document),
        )

    async def _keep(self, ask: Ask) -> BankDetails:
        details, *_ = await self.attachments.committer.keep(ask)
        return details  # type: ignore[no-any-return]  # what the decision gave back
