"""What other systems tell: CloudEvents 1.0, one at a time, in structured JSON."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Header
from pydantic import AwareDatetime, BaseModel, Field

from kit.http import Caller, system
from kit.one_line import one_line
from kit.problems import Problem

CLOUD_EVENT = "application/cloudevents+json"
Teller = Annotated[Caller, system("facts:write")]


class NotACloudEvent(Problem):
    """A fact is one CloudEvent in structured JSON: application/cloudevents+json."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
]
"""One that can be written in any time zone."""


class CloudEvent(BaseModel):
    """A CloudEvent; what it says beyond these attributes is passed over."""

    specversion: Literal["1.0"]
    id: Annotated[str, one_line(200)]
    source: Annotated[str, one_line(500)]
    time: Moment | None = None
    datacontenttype: Literal["application/json"] = "application/json"


def fact_id(teller: str, source: str, id: str) -> str:
    """One for each source and id of a CloudEvent of one system: the same fact meets itself."""
    return sha256(json.dumps([teller, source, id]).encode()).hexdigest()[:32]


async def _is_cloud_event(
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> None:
    if content_type.partition(";")[0].strip().lower() != CLOUD_EVENT:
        raise NotACloudEvent


OnlyCloudEvents = Depends(_is_cloud_event)
