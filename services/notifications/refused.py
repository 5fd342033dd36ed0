"""The addresses that nothing is sent to any more: noted when refused, asked before each letter."""

from dataclasses import dataclass

from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.mongo import IndexModel
from kit.service import Service
from services.notifications.domain import attempts, suppressions
from services.notifications.domain.attempts import NoSuchLetter
from services.notifications.domain.letters import Letter
from services.notifications.domain.suppressions import SuppressedAddress
from services.notifications.rendering import LONGEST_ERROR, without_addresses
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

    async def came_back(self, message_id: str, status: str, answer: str) -> None:
        """That a letter was taken and came back: as if it had been refused at once."""
        found = await self.letters.select({"message_id": message_id}, most=1)
        if not found:
            raise NoSuchLetter(field="body/data/message_id")
        [letter] = found
        at, code = now(), f"550 {status}"
        error = f"{status} {without_addresses(answer)}".strip()[:LONGEST_ERROR]
        if not (letter.address_id and suppressions.says_no_such_address(code)):
            await self.letters.change(
                letter.id, lambda current: attempts.came_back(current, error=error, now=at)
            )
            return

        def decide(
            current: Letter | None, known: SuppressedAddress | None
        ) -> tuple[Change[Letter], Change[SuppressedAddress]]:
            failed = attempts.came_back(current, error=error, now=at)
            if current is None or failed.state == current:
                return failed, Change(known)
            return failed, suppressions.suppress(
                known, current, id=letter.address_id, code=code, answer=error, now=at
            )

        await self.committer.change_together(
            (self.letters.at(letter.id), self.addresses.at(letter.address_id)), decide
        )
