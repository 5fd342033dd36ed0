"""What approvals puts right after its database was brought back from a backup."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from contracts.approvals import ApprovalDecided
from kit.change import Change
from kit.service import Service
from services.approvals.domain import Approval


async def put_right(service: Service, told: AsyncIterator[dict[str, Any]]) -> None:
    """An answer that was told stands: the question is not put a second time."""
    approvals = service.collection("approvals", Approval)
    async for row in told:
        if row["type"] == ApprovalDecided.type:
            decided = ApprovalDecided.model_validate_json(row["data"])
            answer = approvals.ask(decided.approval_id, partial(_answered, decided))
            await service.committer.keep(answer)


def _answered(decided: ApprovalDecided, current: Approval | None) -> Change[Approval]:
    if current is None or current.state != "requested":
        return Change(current)  # One that was opened after the backup is opened again when heard.
    return Change(
        replace(
            current,
            state=decided.verdict,
            told=True,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
            reason=decided.reason,
        )
    )
