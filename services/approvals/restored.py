"""What approvals puts right after its database was brought back from a backup."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalExpired,
    ApprovalOpened,
    ApprovalOpenedV2,
    ApprovalWithdrawn,
    ApprovalWithdrawnV2,
)
from kit.change import Change
from kit.service import Service
from services.approvals.domain.approvals import Approval
from services.approvals.domain.numbers import Numbers, given_already, sequence_id, sequence_of

OPENED = (ApprovalOpened.type, ApprovalOpenedV2.type)
DECIDED = (ApprovalDecided.type, ApprovalDecidedV2.type)
WITHDRAWN = (ApprovalWithdrawn.type, ApprovalWithdrawnV2.type)


async def put_right(service: Service, told: AsyncIterator[dict[str, Any]]) -> None:
    """An end that was told stands, and a number that was told is not given again."""
    approvals = service.collection("approvals", Approval)
    numbers = service.collection("numbers", Numbers)
    async for row in told:
        end: dict[str, Any]
        if row["type"] in OPENED:
            number = ApprovalOpenedV2.model_validate_json(row["data"]).number
            if number:
                at = sequence_id(sequence_of(number))
                await service.committer.keep(numbers.ask(at, partial(given_already, number)))
            continue
        if row["type"] in DECIDED:
            decided = ApprovalDecidedV2.model_validate_json(row["data"])
            end = {
                "state": decided.verdict,
                "decided_by": decided.decided_by,
                "decided_at": decided.decided_at,
                "reason": decided.reason,
            }
        elif row["type"] in WITHDRAWN:
            withdrawn = ApprovalWithdrawnV2.model_validate_json(row["data"])
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
