"""The addresses that nothing is sent to any more: noted when refused, asked before each letter."""

from dataclasses import dataclass

from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.mongo import IndexModel
from kit.service import Service
from services.notifications.domain import attempts, suppressions
from services.notifications.domain.letters import Letter
from services.notifications.domain.suppressions import SuppressedAddress
from services.notifications.settings import NotificationsSettings

BY_USER = IndexModel("user_id")
NEWEST_FIRST = IndexModel([("restored_at", 1), ("since", -1), ("_id", -1)])


@dataclass(frozen=True, slots=True)
class RefusedAddresses:
    committer: Committer
    letters: Collection[Letter]
    addresses: Collection[SuppressedAddress]
    key: str

    @classmethod
    def of(
        cls, service: Service[NotificationsSettings], letters: Collection[Letter]
    ) -> "RefusedAddresses":
        return cls(
            committer=service.committer,
            letters=letters,
            addresses=service.collection(
                "suppressed-addresses", SuppressedAddress, indexes=[BY_USER, NEWEST_FIRST]
            ),
            key=service.settings.link_key.get_secret_value(),
        )

    def id(self, address: str) -> str:
        return suppressions.address_id(self.key, address)

    async def knows(self, address: str) -> bool:
        found = await self.addresses.find(self.id(address))
        return found is not None and found.restored_at is None

    async def record(self, letter: Letter, to: str, code: str, answer: str) -> Letter:
        """That a letter was refused for its address; both are kept, or neither."""
        at, id = now(), self.id(to)
        kept, _ = await self.committer.change_together(
            (self.letters.at(letter.id), self.addresses.at(id)),
            lambda current, known: (
                attempts.refused(letter, current, error=answer),
                suppressions.suppress(known, letter, id=id, code=code, answer=answer, now=at),
            ),
        )
        return kept  # type: ignore[no-any-return]  # what the decision gave back
