"""Taking back what somebody asked for who has left the platform, however much it is."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.workers import Worker
from services.approvals.domain.approvals import Approval
from services.approvals.domain.people import Person, has_left, leave
from services.approvals.domain.withdrawing import withdraw_of_who_left

AT_ONCE: Final = 200
LEASE: Final = timedelta(minutes=1)


class Leaving:
    """Each question is a decision of its own; one asked by somebody who came back stays."""

    def __init__(
        self,
        committer: Committer,
        approvals: Collection[Approval],
        people: Collection[Person],
    ) -> None:
        self._committer, self._approvals, self._people = committer, approvals, people

    def worker(self) -> Worker[Person]:
        return Worker(self._people, claim=partial(leave, lease=LEASE), work=self.withdraw)

    async def withdraw(self, left: Person) -> None:
        after = ""
        while found := await self._waiting(left.id, after):
            at = now()
            asks = [self._ask(one, left, at) for one in found]
            for outcome in await self._committer.keep_all(asks):
                if isinstance(outcome, BaseException):
                    raise outcome
            after = found[-1].id
        await self._people.change(left.id, has_left)

    async def _waiting(self, requester_id: str, after: str) -> list[Approval]:
        where = {"requester_id": requester_id, "state": "requested", "_id": {"$gt": after}}
        return await self._approvals.select(where, sort=[("_id", 1)], most=AT_ONCE)

    def _ask(self, one: Approval, left: Person, at: datetime) -> Ask:
        def decide(
            current: Approval | None, person: Person | None
        ) -> tuple[Change[Any], Change[Any]]:
            return withdraw_of_who_left(current, person, now=at), Change(person)

        return Ask((self._approvals.at(one.id), self._people.at(left.id)), decide)
