"""Taking a question back."""

from datetime import datetime
from typing import Any

from contracts.approvals import ApprovalWithdrawn, ApprovalWithdrawnV2
from contracts.event import Event
from kit.change import Change
from kit.problems import Forbidden, NotFound
from services.approvals.domain.approvals import FIRST_KINDS, Approval, about, over, still_open
from services.approvals.domain.people import Person


class RequesterOnly(Forbidden):
    """Only whoever asked may withdraw it."""


def withdraw(current: Approval | None, *, by: str, now: datetime) -> Change[Approval]:
    """Take one's own question back, for as long as nobody has answered it."""
    if current is None:
        raise NotFound
    if by != current.requester_id:
        raise RequesterOnly
    if current.state == "withdrawn":
        return Change(current)
    still_open(current)
    said: dict[str, Any] = about(current) | {"withdrawn_at": now}
    event: Event
    if current.kind in FIRST_KINDS:
        event = ApprovalWithdrawn(**said)
    else:
        event = ApprovalWithdrawnV2(**said)
    return Change(over(current, "withdrawn", at=now), (event,))


def withdraw_of_who_left(
    current: Approval | None, person: Person | None, *, now: datetime
) -> Change[Approval]:
    """Take a question back for whoever asked it, unless they came back or it was answered."""
    if current is None or person is None or person.active or current.state != "requested":
        return Change(current)
    return withdraw(current, by=person.id, now=now)
