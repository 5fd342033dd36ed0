"""What approvals puts right after its database was brought back from a backup."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from contracts.approvals import ApprovalDecided, ApprovalExpired, ApprovalWithdrawn
from kit.change import Change
from kit.service import Service
from services.approvals.domain.approvals import Approval


async def put_right(service: Service, told: AsyncIterator[dict[str, Any]]) -> None:
    """An end that was told stands: the question is not put a second time."""
    approvals = service.collection("approvals", Approval)
    async for row in told:
        end: dict[str, Any]
        if row["type"] == ApprovalDecided.type:
            decided = ApprovalDecided.model_validate_json(row["data"])
            end = {
                "state": decided.verdict,
                "decided_by": decided.decided_by,
                "decided_at": decided.decided_at,
                "reason": decided.reason,
            }
        elif row["type"] == ApprovalWithdrawn.type:
            withdrawn = ApprovalWithdrawn.model_validate_json(row["data"])
            end = {"state": "withdrawn", "decided_at": withdrawn.withdrawn_at}
        elif row["type"] == ApprovalExpired.type:
            expired = ApprovalExpired.model_validate_json(row["data"])
            end = {"state": "expired", "decided_at": expired.expired_at}
        else:
            continue
        await service.committer.keep(approvals.ask(row["key"], partial(_ended, end)))


def _ended(end: dict[str, Any], current: Approval | None) -> Change[Approval]:
    if current is None or current.state != "requested":
        return Change(current)  # One that was opened after the backup is opened again when heard.
    return Change(replace(current, told=True, wake_at=None, **end))
