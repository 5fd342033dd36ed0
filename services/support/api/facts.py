"""What other systems tell of the objects that tickets are about."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Body

from kit.clock import now, to_the_millisecond
from kit.cloudevents import (
    CLOUD_EVENT,
    CloudEvent,
    NotACloudEvent,
    OnlyCloudEvents,
    Teller,
)
from kit.collection import Collection
from kit.http import Said, ScopeMissing, SystemsOnly, may_answer
from kit.ids import EntityId
from kit.one_line import one_line
from kit.problems import Invalid
from services.support.domain import objects as domain
from services.support.domain.objects import KnownObject, ObjectType


class SenderNotYours(Invalid):
    """This system does not speak of what that structure sends."""


class Sent(Said):
    """Which object, and whom it was sent to."""

    sender: EntityId
    recipient: EntityId
    kind: ObjectType
    number: Annotated[str, one_line(100)]


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
        """
        Tell whom an invoice or a refund request was sent to; again, it changes nothing.

        The same system corrects what it told by a fact of a later `time`; an earlier one is late.
        """
        sent = told.data
        if caller.structures and sent.sender not in caller.structures:
            raise SenderNotYours(field="body/data/sender")
        at = now()
        known = KnownObject(
            id=domain.object_id(sent.sender, sent.kind, sent.number),
            recipient_id=sent.recipient,
            told_by=caller.client_id,
            told_at=at,
            # Nothing has happened later than now: it could never be corrected.
            said_at=min(to_the_millisecond(told.time), at) if told.time else None,
        )
        await objects.change(known.id, partial(domain.tell, known))

    return routes
