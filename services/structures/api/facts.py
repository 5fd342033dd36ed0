"""What other systems tell structures."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, BeforeValidator, Field

from kit.clock import now
from kit.cloudevents import (
    CLOUD_EVENT,
    CloudEvent,
    NotACloudEvent,
    OnlyCloudEvents,
    Teller,
    fact_id,
)
from kit.committer import Committer
from kit.http import ScopeMissing, SystemsOnly, may_answer
from kit.ids import EntityId
from services.structures.api.client_fields import Amount, Currency
from services.structures.clientele import Clientele
from services.structures.domain import facts as domain
from services.structures.domain.facts import Fact, Transaction, TransactionKind


def _as_written(said: object) -> object:
    """JSON has no days: a number is no date here, whatever moment it would be."""
    if not isinstance(said, str):
        raise ValueError("A day is written as 2026-01-05.")  # noqa: TRY004  # what pydantic expects
    return said


class TransactionRecorded(BaseModel):
    client_account: EntityId
    kind: TransactionKind
    amount: Amount
    currency: Currency
    date: Annotated[date, BeforeValidator(_as_written)]

    def transaction(self) -> Transaction:
        said = self.model_dump(exclude={"client_account"})
        return Transaction(**said)


class ToldFact(CloudEvent):
    """A CloudEvent; what it says beyond these attributes is passed over."""

    type: Literal["invoicing.transaction-recorded.v1"]
    data: TransactionRecorded = Field(description="What the type says")


def fact_routes(committer: Committer, clientele: Clientele, *, default_currency: str) -> APIRouter:
    routes = APIRouter(prefix="/v1/facts", tags=["facts"])

    @routes.post(
        "",
        status_code=204,
        dependencies=[OnlyCloudEvents],
        responses=may_answer(
            NotACloudEvent,
            SystemsOnly,
            ScopeMissing,
            domain.ClientAccountUnknown,
            domain.OtherCurrency,
            domain.FactContradicted,
        ),
    )
    async def tell(told: Annotated[ToldFact, Body(media_type=CLOUD_EVENT)], caller: Teller) -> None:
        """Tell what has happened elsewhere. What comes again, by source and id, counts once."""
        fact = Fact(
            id=fact_id(caller.client_id, told.source, told.id),
            account_id=told.data.client_account,
            transaction=told.data.transaction(),
            told_by=caller.client_id,
            told_at=now(),
        )
        await committer.change_together(
            (
                clientele.accounts.at(fact.account_id),
                clientele.turnovers.at(fact.account_id),
                clientele.facts.at(fact.id),
            ),
            lambda account, turnover, current: domain.record_transaction(
                account,
                turnover,
                current,
                fact=fact,
                suppliers=caller.structures,
                default_currency=default_currency,
            ),
        )

    return routes
