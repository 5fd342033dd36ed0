"""What approvals does when a question has waited long enough for the next step."""

from typing import Any

from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.workers import Job, Timer
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.ladder import Ladder, climb


def timers(
    approvals: Collection[Approval], approvers: Collection[Approvers], ladder: Ladder
) -> list[Job]:
    def wake(one: Approval) -> Ask:
        at = now()

        def decide(
            current: Approval | None, known: Approvers | None
        ) -> tuple[Change[Any], Change[Any]]:
            return climb(current, known, ladder=ladder, now=at), Change(known)

        return Ask((approvals.at(one.id), approvers.at(one.structure_id)), decide)

    return [Timer(approvals, wake=wake)]
