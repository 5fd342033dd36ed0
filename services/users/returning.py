"""Sends back to the platform those for whom the support desk has agreed."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from contracts.support import ReactivationAccepted
from kit.addresses import normalised
from kit.bus import Subscriptions
from kit.clock import now
from kit.collection import Ask, Collection
from kit.service import Service
from kit.workers import Worker
from services.users.api.letters import Letters
from services.users.domain import returns
from services.users.domain.returns import Return
from services.users.identity import NOBODY, Identity
from services.users.settings import UsersSettings


@dataclass(frozen=True, slots=True)
class Returning:
    returns: Collection[Return]
    identity: Identity
    letters: Letters

    @classmethod
    def of(cls, service: Service[Any], identity: Identity, settings: UsersSettings) -> Self:
        return cls(service.collection("returns", Return), identity, Letters(identity, settings))

    def hear(self, on: Subscriptions) -> Subscriptions:
        @on(ReactivationAccepted)
        def agree(told: ReactivationAccepted) -> Ask:
            return self.returns.ask(told.ticket_id, lambda current: returns.agree(current, told))

        return on

    def worker(self) -> Worker[Return]:
        return Worker(self.returns, claim=returns.claim, work=self._send_back)

    async def _send_back(self, agreed: Return) -> None:
        account = await self.identity.account_of(_spelled(agreed.login))
        link = replace(self.letters.link("reactivation"), sent_by=agreed.accepted_by)
        await self.identity.committer.change_together(
            (
                self.returns.at(agreed.id),
                self.identity.accounts.at(account.id if account else NOBODY),
            ),
            partial(returns.apply, agreed=agreed, link=link, now=now()),
        )


def _spelled(login: str) -> str:
    """As logins are known here; what is no address is nobody's."""
    try:
        return normalised(login)
    except ValueError:
        return ""
