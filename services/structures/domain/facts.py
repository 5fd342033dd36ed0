"""What other systems tell of a client account. Pure."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from kit.change import Change, Entity
from kit.problems import Conflict, Invalid
from services.structures.domain.client_accounts import ClientAccount

TransactionKind = Literal["invoice", "estimate", "payment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What was invoiced, estimated or paid."""

    kind: TransactionKind
    amount: str
    """Decimal, as it was told: binary fractions would change it."""
    currency: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Entity):
    """One fact as another system told it; the id stands for that system and its name for it."""

    account_id: str
    transaction: Transaction
    told_by: str
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover(Entity):
    """The sums of a client account's transactions, in the account's one currency."""

    count: int = 0
    totals: dict[TransactionKind, str] = field(default_factory=dict)


class ClientAccountUnknown(Invalid):
    """There is no such client account."""


class OtherCurrency(Conflict):
    """The client account has another currency."""


class FactContradicted(Conflict):
    """You have told something else of this source under this id."""


def record_transaction(
    account: ClientAccount | None,
    turnover: Turnover | None,
    current: Fact | None,
    *,
    fact: Fact,
    suppliers: frozenset[str],
    default_currency: str,
) -> tuple[Change[Any], ...]:
    """
    Count a transaction once; the first one fixes the account's currency.

    ``suppliers``: the only ones the teller may speak of; none means all.
    """
    if account is None or (suppliers and account.supplier_id not in suppliers):
        raise ClientAccountUnknown(field="body/data/client_account")
    if current:
        if (current.account_id, current.transaction) != (fact.account_id, fact.transaction):
            raise FactContradicted(field="body/id")
        return Change(account), Change(turnover), Change(current)
    said, currency = fact.transaction, account.record.currency or default_currency
    if said.currency != currency:
        raise OtherCurrency(field="body/data/currency", currency=currency)
    fixed = replace(
        account, has_transactions=True, record=replace(account.record, currency=currency)
    )
    return Change(fixed), Change(_more(turnover or Turnover(id=account.id), said)), Change(fact)


def _more(turnover: Turnover, said: Transaction) -> Turnover:
    total = Decimal(turnover.totals.get(said.kind, "0")) + Decimal(said.amount)
    totals = turnover.totals | {said.kind: str(total)}
    return replace(turnover, count=turnover.count + 1, totals=totals)
