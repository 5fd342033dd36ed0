"""What structures answers to those who invoice a client, and who ask what it came to."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kit.heard import TooStale
from kit.http import Person, ScopeMissing, may_answer
from kit.ids import EntityId
from kit.problems import NotFound
from services.structures.api.client_accounts import MAY_READ, AccountReader
from services.structures.clientele import Clientele, NotYourSupplier, Relations
from services.structures.domain.client_accounts import Chorus, ClientAccount, NotOpenToYou
from services.structures.domain.structures import Address
from services.structures.settings import StructuresSettings


class DocumentDefaults(BaseModel):
    """What an invoice or an estimate for this client begins with."""

    client_account_id: str
    structure_id: str
    reference: str
    name: str
    billing: Address | None
    shipping: Address | None
    currency: str
    language: str
    pdf_language: str = Field(description="Of documents that the administration makes")
    chorus: Chorus
    engagement_number_required: bool


class GroupSums(BaseModel):
    """What the clients of one group come to; ``group`` null: those in none."""

    group: str | None
    currency: str
    clients: int
    invoiced: str
    estimated: str
    paid: str


class GroupReport(BaseModel):
    items: list[GroupSums]


def client_billing_routes(
    clientele: Clientele, relations: Relations, settings: StructuresSettings
) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-accounts", tags=["client accounts"])

    @routes.get("/group-report", responses=may_answer(NotYourSupplier, TooStale))
    async def report_groups(caller: Person, supplier_id: EntityId) -> GroupReport:
        """What each group of clients came to: by currency, in each the most invoiced first."""
        await relations.require_supplier(caller, supplier_id, "administrator", "operator")
        rows = await clientele.by_group(supplier_id, settings.default_currency)
        return GroupReport(items=[_sums(one) for one in rows])

    @routes.get(
        "/{id}/document-defaults",
        responses=may_answer(NotFound, NotOpenToYou, ScopeMissing, TooStale),
    )
    async def document_defaults(id: EntityId, caller: AccountReader) -> DocumentDefaults:
        """All that an invoice or an estimate for this client begins with."""
        account, _ = await relations.account(caller, id, *MAY_READ)
        return defaults_of(account, settings)

    return routes


def defaults_of(account: ClientAccount, settings: StructuresSettings) -> DocumentDefaults:
    record, ours = account.record, settings.default_language
    language = record.language or ours
    return DocumentDefaults(
        client_account_id=account.id,
        structure_id=account.structure_id,
        reference=account.reference,
        name=record.name,
        billing=record.billing,
        shipping=record.shipping or record.billing,
        currency=record.currency or settings.default_currency,
        language=language,
        pdf_language=language if settings.documents_in_client_language else ours,
        chorus=account.properties.chorus_state,
        engagement_number_required=account.properties.orders.engagement_number_required,
    )


def _sums(row: dict[str, Any]) -> GroupSums:
    amounts = {name: f"{row[name]:f}" for name in ("invoiced", "estimated", "paid")}
    return GroupSums(**row | amounts)
