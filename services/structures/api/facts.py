"""What other systems tell structures: CloudEvents 1.0, one at a time, in structured JSON."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Header
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints

from kit.clock import now
from kit.committer import Committer
from kit.http import Caller, ScopeMissing, SystemsOnly, may_answer, system
from kit.problems import Problem
from services.structures.api.client_fields import Amount, Currency, EntityId
from services.structures.clientele import Clientele
from services.structures.domain import facts as domain
from services.structures.domain.facts import Fact, Transaction, TransactionKind

CLOUD_EVENT = "application/cloudevents+json"
Teller = Annotated[Caller, system("facts:write")]


def _as_written(said: object) -> object:
    """JSON has no days: a number is no date here, whatever moment it would be."""
    if not isinstance(said, str):
        raise ValueError("A day is written as 2026-01-05.")  # noqa: TRY004  # what pydantic expects
    return said


class NotACloudEvent(Problem):
    """A fact is one CloudEvent in structured JSON: application/cloudevents+json."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def _named(most: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=most, pattern=r"^[^\x00-\x1f\x7f]+$")


class TransactionRecorded(BaseModel):
    client_account: EntityId
    kind: TransactionKind
    amount: Amount
    currency: Currency
    date: Annotated[date, BeforeValidator(_as_written)]

    def transaction(self) -> Transaction:
        said = self.model_dump(exclude={"client_account"})
        return Transaction(**said)


class ToldFact(BaseModel):
    """A CloudEvent; what it says beyond these attributes is passed over."""

    specversion: Literal["1.0"]
    id: Annotated[str, _named(200)]
    source: Annotated[str, _named(500)]
    type: Literal["invoicing.transaction-recorded.v1"]
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    data: TransactionRecorded = Field(description="What the type says")


async def _is_cloud_event(
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> None:
    if content_type.partition(";")[0].strip().lower() != CLOUD_EVENT:
        raise NotACloudEvent


def fact_routes(committer: Committer, clientele: Clientele, *, default_currency: str) -> APIRouter:
    routes = APIRouter(prefix="/v1/facts", tags=["facts"])

    @routes.post(
        "",
        status_code=204,
        dependencies=[Depends(_is_cloud_event)],
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
            id=domain.fact_id(caller.client_id, told.source, told.id),
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
