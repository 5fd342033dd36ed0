"""Creates the public structures that the support desk has agreed to."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from contracts.support import PublicStructureAccepted
from kit.bus import Subscriptions
from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.problems import Invalid, Problem
from kit.service import Service
from kit.workers import Worker
from services.structures.domain import public_structures as domain
from services.structures.domain.identifiers import identify
from services.structures.domain.public_structures import Agreed
from services.structures.domain.structures import Establishment, Structure, Wanted
from services.structures.sirene import Sirene, SireneUnavailable


@dataclass(frozen=True, slots=True)
class PublicStructures:
    committer: Committer
    agreed: Collection[Agreed]
    structures: Collection[Structure]
    sirene: Sirene
    checksums: bool

    @classmethod
    def of(
        cls,
        service: Service[Any],
        structures: Collection[Structure],
        sirene: Sirene,
        *,
        checksums: bool,
    ) -> Self:
        agreed = service.collection("public-structures", Agreed)
        return cls(service.committer, agreed, structures, sirene, checksums)

    def hear(self, on: Subscriptions) -> Subscriptions:
        @on(PublicStructureAccepted)
        def agree(told: PublicStructureAccepted) -> Ask:
            return self.agreed.ask(told.ticket_id, lambda current: domain.agree(current, told))

        return on

    def worker(self) -> Worker[Agreed]:
        return Worker(self.agreed, claim=domain.claim, work=self._make_known, at_once=2)

    async def _make_known(self, agreed: Agreed) -> None:
        try:
            wanted = self._wanted(agreed)
            establishment = await self._establishment(wanted)
        except SireneUnavailable:
            return  # Asked again once the claim is over.
        except Invalid as refused:
            await self._refuse(agreed, refused)
            return
        await self.committer.change_together(
            (self.agreed.at(agreed.id), self.structures.at(wanted.identifier.structure_id)),
            partial(
                domain.make_known,
                agreed=agreed,
                wanted=wanted,
                establishment=establishment,
                now=now(),
            ),
        )

    def _wanted(self, agreed: Agreed) -> Wanted:
        identifier = identify(agreed.identifier_type, agreed.identifier, checksums=self.checksums)
        return domain.describe(identifier, agreed.legal_name)

    async def _establishment(self, wanted: Wanted) -> Establishment | None:
        siret = wanted.identifier.siret
        # What is known already is not asked of INSEE again: the decision refuses it first.
        if not siret or await self.structures.find(wanted.identifier.structure_id):
            return None
        return await self.sirene.establishment(siret)

    async def _refuse(self, agreed: Agreed, refusal: Problem) -> None:
        at = now()
        await self.agreed.change(
            agreed.id,
            lambda current: domain.refuse(current, agreed=agreed, refusal=refusal, now=at),
        )
