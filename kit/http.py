"""HTTP as every service's routes speak it: who calls, problems (RFC 9457), versions."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from kit import metrics
from kit.context import asking
from kit.frame import PROBLEM_JSON
from kit.ids import new_id
from kit.internal import Caller
from kit.problems import Forbidden, Invalid, Problem, Unauthorized

__all__ = ["Anyone", "Caller", "IfMatch", "Operator", "Person"]


class Said(BaseModel):
    """What a caller says: whatever else they say is refused by its name."""

    model_config = ConfigDict(extra="forbid")


class NotSignedIn(Unauthorized):
    """Sign in first."""


class OperatorsOnly(Forbidden):
    """Only an operator of the platform may do this."""


class PeopleOnly(Forbidden):
    """Only a person may do this, not another system."""


class SystemsOnly(Forbidden):
    """Only another system may do this."""


class ScopeMissing(Forbidden):
    """This system was not given the scope for this."""


class WholePlatformOnly(Forbidden):
    """Only a system that is limited to no structure may do this."""


class Malformed(Problem):
    """The request cannot be read."""

    status = HTTPStatus.BAD_REQUEST


class NoSuchPath(Problem):
    """There is nothing at this path."""

    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(Problem):
    """This path does not know this method."""

    status = HTTPStatus.METHOD_NOT_ALLOWED


async def _anyone(request: Request) -> Caller:
    caller: Caller = request.scope["state"]["caller"]
    return caller


async def _person(request: Request) -> Caller:
    caller = await _anyone(request)
    if caller.client_id:
        raise PeopleOnly
    if not caller.user_id:
        raise NotSignedIn
    return caller


async def _operator(request: Request) -> Caller:
    caller = await _person(request)
    if not caller.operator:
        raise OperatorsOnly
    return caller


Anyone = Annotated[Caller, Depends(_anyone)]
Person = Annotated[Caller, Depends(_person)]
Operator = Annotated[Caller, Depends(_operator)]


def reader(scope: str) -> Any:
    """A signed-in person, or a system that was given ``scope``."""

    async def read(request: Request) -> Caller:
        caller = await _anyone(request)
        if caller.client_id:
            if scope not in caller.scopes:
                raise ScopeMissing(scope=scope)
            return caller
        return await _person(request)

    return Depends(read)


def system(scope: str) -> Any:
    """Another system, which was given ``scope``."""

    async def told(request: Request) -> Caller:
        caller = await _anyone(request)
        if not caller.client_id:
            raise SystemsOnly if caller.user_id else NotSignedIn
        if scope not in caller.scopes:
            raise ScopeMissing(scope=scope)
        return caller

    return Depends(told)


async def _if_match(if_match: Annotated[str | None, Header(max_length=40)] = None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    version = if_match.removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdigit()):
        raise Invalid("An ETag of ours is a number in quotes.", field="header/if-match")
    return int(version)


IfMatch = Annotated[int | None, Depends(_if_match)]


_parameters: WeakKeyDictionary[Callable[..., Any], frozenset[str]] = WeakKeyDictionary()
"""Of the query, by endpoint: a route cannot be a key."""


async def _known_query(request: Request) -> None:
    unknown = {*request.query_params} - _parameters_of(request.scope["route"])
    if unknown:
        raise Invalid("There is no such parameter here.", field=f"query/{min(unknown)[:50]}")


def _parameters_of(route: APIRoute) -> frozenset[str]:
    if route.endpoint not in _parameters:
        every = get_flat_params(route.dependant)
        named = frozenset(one.alias for one in every if isinstance(one.field_info, Query))
        _parameters[route.endpoint] = named
    return _parameters[route.endpoint]


KnownQuery = Depends(_known_query)
"""Refuse parameters that a route does not have: misspelt, a filter would leave everything in."""


def etag(response: Response, version: int) -> None:
    response.headers["etag"] = f'"{version}"'


def new_entity_id() -> str:
    """The id of what a POST creates: the same one when it comes again with its Idempotency-Key."""
    request = asking.get()
    if request and request.once:
        # Of the body too: a key is forgotten after a day, and may then name something else.
        asked = request.once.id + request.once.body
        return hashlib.sha256(asked.encode()).hexdigest()[:32]
    return new_id()


def answer_problems(app: FastAPI) -> None:
    """Answer every problem raised under ``app`` as application/problem+json."""

    async def answer(request: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, Problem)  # noqa: S101  # Starlette calls us for nothing else
        metrics.refused(request.app.state.service.name, problem)
        body = problem.as_json() | {"instance": request.url.path}
        headers = {} if problem.retry_after is None else {"retry-after": str(problem.retry_after)}
        if problem.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = "Bearer"
        return JSONResponse(body, problem.status, headers, media_type=PROBLEM_JSON)

    async def answer_invalid(request: Request, wrong: Exception) -> JSONResponse:
        assert isinstance(wrong, RequestValidationError)  # noqa: S101  # as above
        errors = [
            {"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]}
            for one in wrong.errors()[:50]
        ]
        if any(one["type"] == "json_invalid" for one in wrong.errors()):
            return await answer(request, Malformed("The body is not JSON.", errors=errors))
        return await answer(request, Invalid("Some fields are wrong.", errors=errors))

    async def answer_http(request: Request, wrong: Exception) -> JSONResponse:
        assert isinstance(wrong, HTTPException)  # noqa: S101  # as above
        known = {404: NoSuchPath, 405: MethodNotAllowed}
        return await answer(request, known.get(wrong.status_code, Malformed)(str(wrong.detail)))

    app.add_exception_handler(Problem, answer)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_http)


def may_answer(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Say in OpenAPI which problems a route may answer with."""
    responses: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        example = {"type": problem.type(), "title": problem.title(), "status": problem.status.value}
        answer = responses.setdefault(
            problem.status.value,
            {"description": problem.title(), "content": {PROBLEM_JSON: {"examples": {}}}},
        )
        answer["content"][PROBLEM_JSON]["examples"][problem.__name__] = {"value": example}
    return responses
