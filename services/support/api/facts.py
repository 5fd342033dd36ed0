"""What other systems tell of the objects that tickets are about."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, StringConstraints

from kit.clock import now
from kit.cloudevents import (
    CLOUD_EVENT,
    CloudEvent,
    NotACloudEvent,
    OnlyCloudEvents,
    Teller,
    named,
)
from kit.collection import Collection
from kit.http import ScopeMissing, SystemsOnly, may_answer
from kit.problems import Invalid
from services.support.domain import objects as domain
from services.support.domain.objects import KnownObject, ObjectType

EntityId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class SenderNotYours(Invalid):
    """This system does not speak of what that structure sends."""


class Sent(BaseModel):
    """Which object, and whom it was sent to."""

    model_config = ConfigDict(extra="forbid")

    sender: EntityId
    recipient: EntityId
    kind: ObjectType
    number: Annotated[str, named(100)]


class ToldSent(CloudEvent):
    type: Literal["invoicing.document-sent.v1"]
    data: Sent


def fact_routes(objects: Collection[KnownObject]) -> APIRouter:
    routes = APIRouter(prefix="/v1/facts/documents", tags=["facts"])

    @routes.post(
        "",
        status_code=204,
        dependencies=[OnlyCloudEvents],
        responses=may_answer(
            NotACloudEvent, SystemsOnly, ScopeMissing, SenderNotYours, domain.FactContradicted
        ),
    )
    async def tell(told: Annotated[ToldSent, Body(media_type=CLOUD_EVENT)], caller: Teller) -> None:
        """Tell whom an invoice or a refund request was sent to; again, it changes nothing."""
        sent = told.data
        if caller.structures and sent.sender not in caller.structures:
            raise SenderNotYours(field="body/data/sender")
        known = KnownObject(
            id=domain.object_id(sent.sender, sent.kind, sent.number),
            recipient_id=sent.recipient,
            told_by=caller.client_id,
            told_at=now(),
        )
        await objects.change(known.id, partial(domain.tell, known))

    return routes
