"""Telling those who may decide of what waits, as they come and go."""

import asyncio

from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, looked
from services.approvals.domain.ladder import Ladder
from services.approvals.domain.opening import tell_opened

AT_ONCE = 100


class Waiting:
    """Looks, structure by structure, at what nobody could decide on, or nobody can any more."""

    def __init__(
        self,
        committer: Committer,
        approvals: Collection[Approval],
        approvers: Collection[Approvers],
        ladder: Ladder,
    ) -> None:
        self._committer, self._approvals, self._approvers = committer, approvals, approvers
        self._ladder = ladder

    async def look(self, begun: Approvers) -> None:
        after, left = "", None
        while found := await self._pending(begun.id, after):
            at = now()
            # Most are as they should be, and need no decision.
            due = [
                one for one in found if tell_opened(one, begun, ladder=self._ladder, now=at).events
            ]
            told = {one.id: one for one in await asyncio.gather(*map(self._tell, due))}
            states = [told.get(one.id, one) for one in found]
            left = next((one.id for one in reversed(states) if not one.told), left)
            after = found[-1].id
        at = now()
        await self._approvers.change(
            begun.id,
            lambda current: looked(begun, current, still_waiting=left, now=at),
        )

    async def _pending(self, structure_id: str, after: str) -> list[Approval]:
        where = {"structure_id": structure_id, "state": "requested", "_id": {"$gt": after}}
        return await self._approvals.select(where, sort=[("_id", 1)], most=AT_ONCE)

    async def _tell(self, approval: Approval) -> Approval:
        at = now()
        states = await self._committer.change_together(
            (self._approvals.at(approval.id), self._approvers.at(approval.structure_id)),
            lambda current, approvers: (
                tell_opened(current, approvers, ladder=self._ladder, now=at),
                Change(approvers),
            ),
        )
        told: Approval = states[0]
        return told
