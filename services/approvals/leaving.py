"""What follows when somebody leaves the platform or comes back, however much it is."""

from datetime import timedelta
from functools import partial
from typing import Any, Final

from kit.change import Change
from kit.clock import now
from kit.collection import Ask
from kit.committer import Committer
from kit.rights import Rights, RightsCopy
from kit.workers import Worker
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, take_seat
from services.approvals.domain.people import Person, follow, followed
from services.approvals.domain.withdrawing import withdraw_of_who_left
from services.approvals.records import Records
from services.approvals.seats import seat_of

AT_ONCE: Final = 200
LEASE: Final = timedelta(minutes=1)


class Leaving:
    """
    What they asked for is taken back, and they no longer count among those who decide.

    Each question and each seat is a decision of its own, on whether they are there by then.
    """

    def __init__(self, committer: Committer, records: Records, rights: RightsCopy) -> None:
        self._committer, self._records = committer, records
        self._rights = rights.entities

    def worker(self) -> Worker[Person]:
        return Worker(self._records.people, claim=partial(follow, lease=LEASE), work=self.follow)

    async def follow(self, begun: Person) -> None:
        after = ""
        while found := await self._waiting(begun.id, after):
            await self._keep([self._withdraw(begun.id, one) for one in found])
            after = found[-1].id
        held = await self._rights.select({"user_id": begun.id})
        await self._keep([self._seat(begun.id, one) for one in held])
        await self._records.people.change(begun.id, partial(followed, begun))

    async def _waiting(self, requester_id: str, after: str) -> list[Approval]:
        where = {"requester_id": requester_id, "state": "requested", "_id": {"$gt": after}}
        return await self._records.approvals.select(where, sort=[("_id", 1)], most=AT_ONCE)

    async def _keep(self, asks: list[Ask]) -> None:
        for outcome in await self._committer.keep_all(asks):
            if isinstance(outcome, BaseException):
                raise outcome

    def _withdraw(self, who: str, one: Approval) -> Ask:
        at = now()

        def decide(
            current: Approval | None, person: Person | None
        ) -> tuple[Change[Any], Change[Any]]:
            return withdraw_of_who_left(current, person, now=at), Change(person)

        return Ask((self._records.approvals.at(one.id), self._records.people.at(who)), decide)

    def _seat(self, who: str, one: Rights) -> Ask:
        at = now()

        def decide(
            known: Approvers | None, held: Rights | None, person: Person | None
        ) -> tuple[Change[Any], ...]:
            there = person is None or person.active
            seated = take_seat(seat_of(held or one, there=there), known, now=at)
            return seated, Change(held), Change(person)

        approvers = self._records.approvers.at(one.structure_id)
        return Ask((approvers, self._rights.at(one.id), self._records.people.at(who)), decide)
