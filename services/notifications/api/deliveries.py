"""What a mail platform tells of letters that it took, and could not deliver."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import Field, StringConstraints

from kit.cloudevents import CLOUD_EVENT, CloudEvent, NotACloudEvent, OnlyCloudEvents
from kit.http import (
    Caller,
    Said,
    ScopeMissing,
    SystemsOnly,
    WholePlatformOnly,
    may_answer,
    system,
)
from kit.one_line import one_line
from services.notifications.domain.attempts import NoSuchLetter
from services.notifications.refused import RefusedAddresses

Reporter = Annotated[Caller, system("deliveries:write")]


class Failure(Said):
    message_id: Annotated[
        str,
        StringConstraints(pattern=r"^<[^<>\s\x00-\x1f\x7f]{3,250}>$"),
        Field(description="The Message-ID of the letter, with its angle brackets"),
    ]
    status: Annotated[
        str,
        StringConstraints(pattern=r"^5\.\d{1,3}\.\d{1,3}$"),
        Field(description="RFC 3463; of failures for good alone: `5.1.1`"),
    ]
    answer: Annotated[
        str,
        one_line(300, least=0),
        Field(description="What the last server said"),
    ] = ""


class ToldFailure(CloudEvent):
    type: Literal["mail.delivery-failed.v1"]
    data: Failure


def delivery_routes(refused: RefusedAddresses) -> APIRouter:
    routes = APIRouter(prefix="/v1/facts/deliveries", tags=["facts"])

    @routes.post(
        "",
        status_code=204,
        dependencies=[OnlyCloudEvents],
        responses=may_answer(
            NotACloudEvent, SystemsOnly, ScopeMissing, WholePlatformOnly, NoSuchLetter
        ),
    )
    async def tell_of_failure(
        told: Annotated[ToldFailure, Body(media_type=CLOUD_EVENT)], caller: Reporter
    ) -> None:
        """
        Tell that a letter came back for good.

        It counts as given up, and its address is suppressed where the status says that there is
        none. What comes again changes nothing.
        """
        if caller.structures:
            raise WholePlatformOnly
        await refused.came_back(told.data.message_id, told.data.status, told.data.answer)

    return routes
