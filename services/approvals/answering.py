"""Answers to questions: the one way to the decision, whoever brings the answer and however."""

from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.rights import RightsCopy
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.deciding import Answer, Decider, decide, readable
from services.approvals.domain.ended import Ended, keys_of
from services.approvals.domain.people import Person
from services.approvals.records import Records


class Answering:
    def __init__(self, committer: Committer, records: Records, rights: RightsCopy) -> None:
        self.records, self.rights = records, rights
        self._committer = committer

    @property
    def approvals(self) -> Collection[Approval]:
        return self.records.approvals

    async def readable(self, id: str, *, by: str) -> Approval:
        """For whom it concerns now; raises TooStale when that cannot be known."""
        await self.rights.require_fresh()
        found = await self.approvals.get(id)
        approvers = await self.records.approvers.find(found.structure_id)
        return readable(found, approvers, by=by, now=now())

    async def answer(
        self, found: Approval, answer: Answer, by: Decider, *, if_match: int | None = None
    ) -> Approval:
        """Decide on a question, on the state of all that the decision rests on."""
        records, at = self.records, now()
        keys = keys_of(found)

        def decided(
            current: Approval | None,
            approvers: Approvers | None,
            requester: Person | None,
            *ended: Ended | None,
        ) -> tuple[Change[Approval], Change[Approvers], Change[Person], *tuple[Change[Ended], ...]]:
            change = decide(current, approvers, requester, ended, answer=answer, by=by, now=at)
            return change, Change(approvers), Change(requester), *map(Change, ended)

        places = (
            records.approvals.at(found.id),
            records.approvers.at(found.structure_id),
            records.people.at(found.requester_id),
            *map(records.ended.at, keys),
        )
        kept: Approval
        kept, *_ = await self._committer.keep(Ask(places, decided, if_match))
        return kept
