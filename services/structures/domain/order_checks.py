"""Whether an order of a client may be validated, and the history of such checks. Pure."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from kit.change import Change, Entity
from kit.problems import Invalid
from services.structures.domain.client_accounts import ClientAccount, known
from services.structures.domain.structures import Structure, StructureInactive

Result = Literal["validated", "refused"]
Reason = Literal["engagement_number_missing", "structure_inactive"]
_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs by their category that show nothing: Hangul fillers, a Braille cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCheck(Entity):
    """One attempt to validate an order, kept when the client's properties ask for it."""

    account_id: str
    order_number: str
    engagement_number: str
    result: Result
    reason: Reason | None = None
    """Why it was refused; checks that were kept before this was have none."""
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody is about to validate."""

    id: str
    order_number: str
    engagement_number: str
    by: str
    at: datetime


class EngagementNumberMissing(Invalid):
    """This client's orders are not validated without an engagement number."""


def check(
    account: ClientAccount | None, current: OrderCheck | None, *parties: Structure, asked: Attempt
) -> tuple[Change[Any], ...]:
    """A refused attempt is kept as well: whoever asks is refused once it is."""
    account, unchanged = known(account), map(Change, parties)
    if current or not account.properties.orders.validation_history:
        return Change(account), Change(current), *unchanged
    return Change(account), Change(judged(asked, account, parties)), *unchanged


def judged(asked: Attempt, account: ClientAccount, parties: Iterable[Structure]) -> OrderCheck:
    """``parties``: the supplier and the client."""
    reason = _why_refused(account, parties, asked.engagement_number)
    return OrderCheck(
        id=asked.id,
        account_id=account.id,
        order_number=asked.order_number,
        engagement_number=asked.engagement_number,
        result="refused" if reason else "validated",
        reason=reason,
        checked_by=asked.by,
        checked_at=asked.at,
    )


def require_validated(check: OrderCheck) -> None:
    if check.reason == "structure_inactive":
        raise StructureInactive("Nothing is ordered while the supplier or the client is inactive.")
    if check.result == "refused":
        raise EngagementNumberMissing(field="body/engagement_number")


def _why_refused(
    account: ClientAccount, parties: Iterable[Structure], engagement_number: str
) -> Reason | None:
    if any(one.status != "active" for one in parties):
        return "structure_inactive"
    if account.properties.orders.engagement_number_required and not _written(engagement_number):
        return "engagement_number_missing"
    return None


def _written(text: str) -> bool:
    """Whether there is a letter, a digit or a sign that leaves a mark on paper."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text)
