"""Coming back long after, as the support desk has agreed (ACC-18, SUP-44)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.support import ReactivationAccepted
from contracts.users import ReactivationSettled
from kit.change import Change, Entity
from kit.problems import Problem
from services.users.domain.accounts import Account, SentLink
from services.users.domain.deactivations import send_back

LEASE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(Entity):
    """One agreement, under the id of its ticket: who was meant is found out, and then forgotten."""

    acceptance: int
    login: str
    reason: str
    accepted_by: str


def agree(current: Return | None, told: ReactivationAccepted) -> Change[Return]:
    if current and current.acceptance >= told.acceptance:
        return Change(current)
    agreed = Return(
        id=told.ticket_id,
        version=current.version if current else 0,
        acceptance=told.acceptance,
        login=told.login,
        reason=told.reason,
        accepted_by=told.accepted_by,
        wake_at=told.accepted_at,
    )
    return Change(agreed)


def claim(current: Return | None, now: datetime) -> Change[Return]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def apply(
    current: Return | None,
    account: Account | None,
    *,
    agreed: Return,
    link: SentLink,
    now: datetime,
) -> tuple[Change[Return], Change[Account]]:
    """Send the link, or tell the desk why not."""
    if current is None or not current.login or current.acceptance != agreed.acceptance:
        return Change(current), Change(account)
    try:
        sent = send_back(account, link=link, reason=current.reason, now=now)
    except Problem as refused:
        sent, refusal = Change(account), refused.type()
    else:
        refusal = ""
    settled = ReactivationSettled(
        ticket_id=current.id,
        acceptance=current.acceptance,
        user_id=account.id if account else "",
        refusal=refusal,
        settled_at=now,
    )
    return Change(replace(current, login="", reason="", wake_at=None), (settled,)), sent
