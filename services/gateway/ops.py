"""What operators see of all services at once, and what they do about events set aside."""

import asyncio
from collections.abc import Sequence
from json import loads
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from kit import clock
from kit.http import Caller, Operator, may_answer
from kit.internal import sign
from kit.ops import Discarding, internal
from kit.problems import Invalid, NotFound, Unavailable
from kit.service import Service
from services.gateway.proxy import Answer, Upstreams

ParkedId = Annotated[str, Path(pattern="^[a-z]{1,40}:.{1,300}$")]
"""``<service>:<event id>``"""


class Health(BaseModel):
    service: str
    ready: bool
    wrong: list[str]


class PlatformHealth(BaseModel):
    ready: bool
    services: list[Health]


class PlatformLag(BaseModel):
    services: list[dict[str, Any]]
    silent: list[str]
    """Services that did not answer."""


class Parked(BaseModel):
    items: list[dict[str, Any]]
    next: str | None
    silent: list[str]
    """Services that did not answer."""


class Everyone:
    """All services, the gateway among them, as an operator asks them."""

    def __init__(self, service: Service, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._key = service.settings.internal_key.get_secret_value()
        own = internal(service).routes
        self._own = {route.name: route.endpoint for route in own if isinstance(route, APIRoute)}
        self.names: Sequence[str] = ("gateway", *sorted(upstreams.names))

    async def ask(self, service: str, what: str, caller: Caller, **asked: Any) -> dict[str, Any]:
        """Raise Unavailable when the service gives no answer, or not this one."""
        if service == "gateway":
            return dict(await self._own[what](caller=caller, **asked))
        query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in asked.items())
        answer = await self._sent(service, "GET", f"/ops/{what}?{query}", caller)
        if answer.status != 200:
            raise Unavailable
        return dict(loads(answer.body))

    async def answers(self, what: str, caller: Caller) -> dict[str, dict[str, Any] | None]:
        """What each service says; None when it says nothing."""

        async def one(service: str) -> dict[str, Any] | None:
            try:
                return await self.ask(service, what, caller)
            except Unavailable:
                return None

        said = await asyncio.gather(*map(one, self.names))
        return dict(zip(self.names, said, strict=True))

    async def settle(
        self, service: str, id: str, what: str, caller: Caller, why: Discarding | None = None
    ) -> Response:
        """Retry or discard an event; a refusal of the service is given as it came."""
        if service == "gateway":
            asked = {"why": why} if why else {}
            return JSONResponse(await self._own[what](id=id, caller=caller, **asked))
        path = f"/ops/parked/{quote(id, safe='/')}/{what}"
        body = why.model_dump_json().encode() if why else b""
        answer = await self._sent(service, "POST", path, caller, body)
        shown = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
        return Response(answer.body, answer.status, shown)

    async def _sent(
        self, service: str, method: str, target: str, caller: Caller, body: bytes = b""
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {sign(caller, self._key, at=clock.now())}",
            "Content-Type": "application/json",
        }
        return await self._upstreams.ask(service, method, target, headers, body)


def api(everyone: Everyone) -> APIRouter:
    routes = APIRouter(prefix="/v1/ops", tags=["ops"])

    @routes.get("/health")
    async def health(caller: Operator) -> PlatformHealth:
        """Which services are ready, and what is wrong with those that are not."""
        said = await everyone.answers("health", caller)
        services = [
            Health.model_validate(
                one or {"service": name, "ready": False, "wrong": ["it does not answer"]}
            )
            for name, one in said.items()
        ]
        return PlatformHealth(ready=all(one.ready for one in services), services=services)

    @routes.get("/lag")
    async def lag(caller: Operator) -> PlatformLag:
        """What waits to be told, and how far behind each service hears."""
        said = await everyone.answers("lag", caller)
        return PlatformLag(
            services=[one for one in said.values() if one],
            silent=[name for name, one in said.items() if one is None],
        )

    @routes.get("/parked", responses=may_answer(Invalid))
    async def parked(
        caller: Operator,
        cursor: Annotated[str, Query(max_length=400)] = "",
        size: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Parked:
        """The events set aside in all services, service by service."""
        return await _parked(everyone, caller, cursor, size)

    @routes.post("/parked/{id}/retry", status_code=202, responses=may_answer(NotFound))
    async def retry(id: ParkedId, caller: Operator) -> Response:
        """Hear the event again now: its cause was mended."""
        service, event = _opened(id, everyone)
        return await everyone.settle(service, event, "retry", caller)

    @routes.post("/parked/{id}/discard", responses=may_answer(NotFound))
    async def discard(id: ParkedId, why: Discarding, caller: Operator) -> Response:
        """Give the event up, and say why; those that wait behind it go on."""
        service, event = _opened(id, everyone)
        return await everyone.settle(service, event, "discard", caller, why)

    return routes


async def _parked(everyone: Everyone, caller: Caller, cursor: str, size: int) -> Parked:
    first, _, after = cursor.partition(":")
    if cursor and first not in everyone.names:
        raise Invalid("This cursor is not one of ours.", field="query/cursor")
    items: list[dict[str, Any]] = []
    silent: list[str] = []
    started = everyone.names.index(first) if cursor else 0
    for position, service in enumerate(everyone.names[started:]):
        try:
            said = await everyone.ask(
                service,
                "parked",
                caller,
                cursor=_inside(after) if position == 0 else "",
                size=size - len(items),
            )
        except Unavailable:
            silent.append(service)
            continue
        items += [one | {"id": _outside(service, one["id"])} for one in said["items"]]
        if said["next"] is not None:
            return Parked(items=items, next=_outside(service, said["next"]), silent=silent)
        if len(items) == size and service != everyone.names[-1]:
            following = everyone.names[everyone.names.index(service) + 1]
            return Parked(items=items, next=f"{following}:", silent=silent)
    return Parked(items=items, next=None, silent=silent)


def _opened(id: str, everyone: Everyone) -> tuple[str, str]:
    service, _, event = id.partition(":")
    if service not in everyone.names:
        raise NotFound(id)
    return service, _inside(event)


# The id of an event that no journal of ours told is its place in Kafka, which has slashes; in a
# path these could be read as its steps.
def _outside(service: str, event: str) -> str:
    return f"{service}:{event.replace('/', '~')}"


def _inside(event: str) -> str:
    return event.replace("~", "/")
