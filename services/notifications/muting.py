"""Which letters a supplier has switched off for their readers, as it is when they leave."""

from collections.abc import Iterable
from dataclasses import dataclass

from kit.collection import Collection
from services.notifications.domain.letters import Letter
from services.notifications.domain.muting import ClientAccount, Contact, may_mute, mutes


@dataclass(frozen=True, slots=True)
class Muting:
    accounts: Collection[ClientAccount]
    contacts: Collection[Contact]

    async def without_muted(self, letters: Iterable[Letter]) -> list[Letter]:
        """Those that leave; nothing is read where none may be muted."""
        every = [(one, may_mute(one)) for one in letters]
        asked = {by for _, by in every if by}
        if not asked:
            return [one for one, _ in every]
        accounts = await self.accounts.many(sorted({by.account_id for by in asked}))
        contacts = await self.contacts.many(sorted({by.contact_id for by in asked}))
        return [
            one
            for one, by in every
            if by is None or not mutes(by, accounts.get(by.account_id), contacts.get(by.contact_id))
        ]
