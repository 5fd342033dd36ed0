"""What structures answers to whoever is about to validate an order of a client."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from kit.clock import now, today
from kit.collection import Collection
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import Caller, Said, ScopeMissing, may_answer, new_entity_id, reader
from kit.ids import EntityId, OpaqueId
from kit.one_line import one_line
from kit.pages import Page, PageAsked, page
from kit.problems import Invalid, NotFound
from kit.rights import RightsCopy
from services.structures.api.client_fields import Amount
from services.structures.api.fields import Line
from services.structures.clientele import Clientele, Relations
from services.structures.domain import order_checks as domain
from services.structures.domain.client_accounts import (
    ClientAccount,
    NotOpenToYou,
    Relation,
    offer_subtotal_for,
)
from services.structures.domain.order_checks import Attempt, OrderCheck, Reason, Result
from services.structures.domain.structures import Structure, StructureInactive

Checker = Annotated[Caller, reader("orders:check")]
MAY_CHECK: tuple[Relation, ...] = ("administrator", "staff", "system")


class NotAUserOfTheClient(Invalid):
    """This user is not attached to the client."""


class OrderToCheck(Said):
    order_number: Line
    engagement_number: Annotated[str, one_line(100, least=0)] = ""
    offer_subtotal: Amount | None = None
    ordered_by: OpaqueId | None = Field(
        default=None, description="Whose properties count; absent: those of a new user"
    )


class OrderFooter(BaseModel):
    """What the foot of the order shows."""

    engagement_number: str
    offer_subtotal: Amount | None = Field(description="null: not recorded for this user")
    validation_history: bool = Field(description="Whether this check is kept")


class CheckedOrder(BaseModel):
    """The order may be validated."""

    order_number: str
    footer: OrderFooter


class OrderCheckView(BaseModel):
    """One attempt to validate an order."""

    id: str
    order_number: str
    engagement_number: str
    result: Result
    reason: Reason | None = Field(description="Why it was refused")
    checked_by: str = Field(description="A user's id, or `client:` and that of a system")
    checked_at: datetime


def order_check_routes(
    committer: Committer,
    clientele: Clientele,
    relations: Relations,
    structures: Collection[Structure],
    rights: RightsCopy,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-accounts", tags=["client accounts"])
    accounts, checks = clientele.accounts, clientele.checks

    async def records_subtotal(account: ClientAccount, user_id: str | None) -> bool:
        if user_id is None:
            return account.properties.orders.offer_subtotal
        held = await rights.of(user_id, account.structure_id)
        # Until the client has accepted, nobody learns by asking who its users are.
        if account.consent != "accepted" or held is None or not held.valid(today()):
            raise NotAUserOfTheClient(field="body/ordered_by")
        return offer_subtotal_for(account, held.since)

    @routes.post(
        "/{id}/order-checks",
        responses=may_answer(
            NotFound,
            NotOpenToYou,
            ScopeMissing,
            NotAUserOfTheClient,
            domain.EngagementNumberMissing,
            StructureInactive,
            TooStale,
        ),
    )
    async def check(id: EntityId, asked: OrderToCheck, caller: Checker) -> CheckedOrder:
        """Ask before an order is validated: refused while it lacks something."""
        found, _ = await relations.account(caller, id, *MAY_CHECK)
        subtotal = await records_subtotal(found, asked.ordered_by)
        attempt = Attempt(
            id=new_entity_id(),
            order_number=asked.order_number,
            engagement_number=asked.engagement_number,
            by=caller.id,
            at=now(),
        )
        both = map(structures.at, (found.supplier_id, found.structure_id))
        account, kept, *parties = await committer.change_together(
            (accounts.at(id), checks.at(attempt.id), *both), partial(domain.check, asked=attempt)
        )
        domain.require_validated(kept or domain.judged(attempt, account, parties))
        footer = OrderFooter(
            engagement_number=asked.engagement_number,
            offer_subtotal=asked.offer_subtotal if subtotal else None,
            validation_history=kept is not None,
        )
        return CheckedOrder(order_number=asked.order_number, footer=footer)

    @routes.get(
        "/{id}/order-checks",
        responses=may_answer(NotFound, NotOpenToYou, ScopeMissing, TooStale),
    )
    async def list_checks(
        id: EntityId,
        caller: Checker,
        asked: PageAsked,
        order_number: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
    ) -> Page[OrderCheckView]:
        """The history of validations, newest first."""
        await relations.account(caller, id, *MAY_CHECK, "operator")
        where = {"account_id": id} | ({"order_number": order_number} if order_number else {})
        found, following = await page(checks, where, asked)
        return Page(items=[_shown(one) for one in found], next=following)

    return routes


def _shown(check: OrderCheck) -> OrderCheckView:
    return OrderCheckView(
        id=check.id,
        order_number=check.order_number,
        engagement_number=check.engagement_number,
        result=check.result,
        reason=check.reason,
        checked_by=check.checked_by,
        checked_at=check.checked_at,
    )
