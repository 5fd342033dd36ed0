"""Whether an order of a client may be validated, and the history of such checks. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from kit.change import Change, Entity
from kit.problems import Invalid
from services.structures.domain.client_accounts import ClientAccount, known

Result = Literal["validated", "refused"]
_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs by their category that show nothing: Hangul fillers, a Braille cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCheck(Entity):
    """One attempt to validate an order, kept when the client's properties ask for it."""

    account_id: str
    order_number: str
    engagement_number: str
    result: Result
    checked_by: str
    checked_at: datetime


class EngagementNumberMissing(Invalid):
    """This client's orders are not validated without an engagement number."""


def result_of(account: ClientAccount, engagement_number: str) -> Result:
    required = account.properties.orders.engagement_number_required
    return "refused" if required and not _written(engagement_number) else "validated"


def check(
    account: ClientAccount | None,
    current: OrderCheck | None,
    *,
    id: str,
    order_number: str,
    engagement_number: str,
    by: str,
    now: datetime,
) -> tuple[Change[ClientAccount], Change[OrderCheck]]:
    """A refused attempt is kept as well: whoever asks is refused once it is."""
    account = known(account)
    if current or not account.properties.orders.validation_history:
        return Change(account), Change(current)
    kept = OrderCheck(
        id=id,
        account_id=account.id,
        order_number=order_number,
        engagement_number=engagement_number,
        result=result_of(account, engagement_number),
        checked_by=by,
        checked_at=now,
    )
    return Change(account), Change(kept)


def _written(text: str) -> bool:
    """Whether there is a letter, a digit or a sign that leaves a mark on paper."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text)
