"""What approvals does when a question has waited long enough for the next step."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.workers import Job, Timer
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.ladder import Ladder, climb, set_foot

AT_ONCE: Final = 500


def timers(
    approvals: Collection[Approval], approvers: Collection[Approvers], ladder: Ladder
) -> list[Job]:
    def wake(one: Approval) -> Ask:
        places = approvals.at(one.id), approvers.at(one.structure_id)
        return Ask(places, partial(climb, ladder=ladder, now=now()))

    return [Timer(approvals, wake=wake), Beginning(approvals, ladder)]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Gives a time, at the start, to what was put before there was a ladder."""

    collection: Collection[Approval]
    ladder: Ladder

    async def run(self, committer: Committer) -> None:
        # Named for its index, which has those that wait alone.
        where = {"requester_id": {"$gte": ""}, "state": "requested", "wake_at": None}
        while found := await self.collection.select(where, most=AT_ONCE):
            at = now()
            put = partial(set_foot, ladder=self.ladder, now=at)
            outcomes = await committer.keep_all([self.collection.ask(one.id, put) for one in found])
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
