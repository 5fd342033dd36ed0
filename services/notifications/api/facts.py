"""What other systems tell of invoices, and to whom it is written."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import Field, StringConstraints

from kit.clock import now
from kit.cloudevents import (
    CLOUD_EVENT,
    CloudEvent,
    NotACloudEvent,
    OnlyCloudEvents,
    Teller,
    fact_id,
)
from kit.collection import Collection
from kit.committer import Committer
from kit.http import Said, ScopeMissing, SystemsOnly, may_answer
from kit.ids import EntityId, OpaqueId
from kit.one_line import one_line
from kit.problems import Invalid
from services.notifications.domain import notices as domain
from services.notifications.domain.digests import Settled
from services.notifications.domain.notices import Notice


class StructureNotYours(Invalid):
    """This system does not speak of that structure."""


class OfInvoice(Said):
    """Which invoice, and who may see it: those whom the application is open to there."""

    structure: EntityId
    unit: Annotated[str, one_line(100)] | None = Field(
        None, description="None: no unit in particular"
    )
    application: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    invoice: Annotated[str, one_line(100)] = Field(description="Its number, as people know it")
    supplier: EntityId | None = Field(
        None,
        description="Whose invoice it is, where that structure is the client: its people are not "
        "written to of a status that this supplier has switched off for them",
    )
    users: tuple[OpaqueId, ...] = Field(
        (), max_length=100, description="Those who follow it; none: all whom it is for"
    )


class StatusOfInvoice(OfInvoice):
    status: Annotated[str, one_line(100)] = Field(
        description="Of its life cycle, as it is to be read"
    )


class ToldStatus(CloudEvent):
    type: Literal["invoicing.invoice-status-changed.v1"]
    data: StatusOfInvoice

    def said(self) -> domain.Said:
        return _said("invoice-status", self.data, self.data.status)


class ToldRejection(CloudEvent):
    type: Literal["invoicing.invoice-rejected.v1"]
    data: OfInvoice

    def said(self) -> domain.Said:
        return _said("invoice-rejected", self.data)


class Withdrawn(Said):
    notice: Annotated[str, one_line(200)] = Field(description="The id that it was told under")


class ToldWithdrawal(CloudEvent):
    """What was told is of no use any more: attested, corrected, or told by mistake."""

    type: Literal["invoicing.invoice-notice-withdrawn.v1"]
    data: Withdrawn


ToldOfInvoice = Annotated[ToldStatus | ToldRejection | ToldWithdrawal, Field(discriminator="type")]


def fact_routes(
    committer: Committer, notices: Collection[Notice], settled: Collection[Settled]
) -> APIRouter:
    routes = APIRouter(prefix="/v1/facts/invoices", tags=["facts"])

    @routes.post(
        "",
        status_code=204,
        dependencies=[OnlyCloudEvents],
        responses=may_answer(
            NotACloudEvent,
            SystemsOnly,
            ScopeMissing,
            StructureNotYours,
            domain.FactContradicted,
            domain.NoSuchNotice,
        ),
    )
    async def tell_of_invoice(
        told: Annotated[ToldOfInvoice, Body(media_type=CLOUD_EVENT)], caller: Teller
    ) -> None:
        """Tell what became of an invoice. What comes again, by source and id, counts once."""
        at = now()
        if isinstance(told, ToldWithdrawal):
            id = fact_id(caller.client_id, told.source, told.data.notice)
            places = notices.at(id), settled.at(id)
            await committer.change_together(places, partial(domain.withdraw, id=id, now=at))
            return
        if caller.structures and told.data.structure not in caller.structures:
            raise StructureNotYours(field="body/data/structure")
        id = fact_id(caller.client_id, told.source, told.id)
        notice = Notice(id=id, said=told.said(), told_by=caller.client_id, told_at=at)
        await notices.change(id, partial(domain.tell, notice))

    return routes


def _said(kind: domain.Kind, data: OfInvoice, status: str = "") -> domain.Said:
    return domain.Said(
        kind=kind,
        structure_id=data.structure,
        unit=data.unit,
        supplier_id=data.supplier or "",
        application=data.application,
        invoice=data.invoice,
        status=status,
        users=data.users,
    )
