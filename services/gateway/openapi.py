"""One description of the whole API, made of what each service says of itself."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from services.gateway.routes import OPEN, SERVICES, route_for

Document = dict[str, Any]


def _header(name: str, description: str) -> Document:
    schema = {"type": "string", "maxLength": 2000}
    return {"name": name, "in": "header", "description": description, "schema": schema}


_SCHEMA = "#/components/schemas/"
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})

_DESCRIPTION = """\
Every refusal is `application/problem+json` (RFC 9457): `type` names it, `errors` the wrong fields.

Get an access token with `POST /v1/sessions` and send it as `Authorization: Bearer <token>`.
A POST may carry an `Idempotency-Key`: sent again with the same key, it is done once.
A write answers with a `Consistency-Token`: a read that sends it back has seen that write.
"""

_ALWAYS = {
    "401": "The access token is missing, not valid, or its session has ended.",
    "422": "Some fields are wrong: `errors` names them.",
    "429": "Too many requests: `Retry-After` says how many seconds to wait.",
    "503": "The answer is not known yet: ask again, with the same key.",
}
_PROBLEM_JSON = "application/problem+json"
_PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457); some carry more members.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "Names the refusal: /problems/..."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_PARAMETERS = {
    "ConsistencyToken": _header(
        "Consistency-Token", "What a write answered with: this read has then seen that write."
    ),
    "IdempotencyKey": _header(
        "Idempotency-Key", "A name for this very request: sent again, it is done once."
    ),
}
_OF_FASTAPI = frozenset({"HTTPValidationError", "ValidationError"})
"""How FastAPI describes wrong fields; the kit answers with a Problem instead."""


def committed() -> dict[str, Document]:
    """What each service says of itself, as kept in contracts/openapi."""
    folder = files("contracts") / "openapi"
    kept = {name: folder / f"{name}.json" for name in SERVICES}
    return {name: json.loads(one.read_bytes()) for name, one in kept.items() if one.is_file()}


def merged(documents: Mapping[str, Document]) -> Document:
    clashing = _clashing({name: _schemas(one) for name, one in documents.items()})
    paths: Document = {}
    schemas: Document = {"Problem": _PROBLEM}
    for service, document in documents.items():
        named = {name: service.capitalize() + name for name in clashing}
        for path, operations in document["paths"].items():
            if path.startswith("/v1/") and route_for(path).service == service:
                paths[path] = _renamed(
                    {m: _completed(m, path, one) for m, one in operations.items() if m in _METHODS},
                    named,
                )
        for name, schema in _schemas(document).items():
            schemas[named.get(name, name)] = _renamed(schema, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Chorale", "version": "1", "description": _DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items()))} | _common(),
    }


def _common() -> Document:
    return {
        "parameters": _PARAMETERS,
        "responses": {status: _refusal({"description": said}) for status, said in _ALWAYS.items()},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    }


def _completed(method: str, path: str, operation: Document) -> Document:
    is_open = (method.upper(), path) in OPEN
    answers = {
        status: {"$ref": f"#/components/responses/{status}"}
        for status in _ALWAYS
        if not (is_open and status == "401")
    }
    for status, answer in operation["responses"].items():
        if status != "422" or _PROBLEM_JSON in answer.get("content", {}):
            answers[status] = answer if status < "400" else _refusal(answer)
    named = {"get": ["ConsistencyToken"], "post": [] if is_open else ["IdempotencyKey"]}
    own = [{"$ref": f"#/components/parameters/{name}"} for name in named.get(method, ())]
    return operation | {
        "security": [] if is_open else [{"bearer": []}],
        "parameters": [*operation.get("parameters", ()), *own],
        "responses": dict(sorted(answers.items())),
    }


def _refusal(answer: Document) -> Document:
    told = answer.get("content", {}).get(_PROBLEM_JSON, {})
    schema = {"$ref": _SCHEMA + "Problem"}
    return answer | {"content": {_PROBLEM_JSON: {"schema": schema} | told}}


def _schemas(document: Document) -> Document:
    own: Document = document.get("components", {}).get("schemas", {})
    return {name: schema for name, schema in own.items() if name not in _OF_FASTAPI}


def _clashing(schemas: Mapping[str, Document]) -> set[str]:
    """Names that mean different things in two services, also by what they refer to."""
    meanings: dict[str, list[Any]] = {}
    for own in schemas.values():
        for name, schema in own.items():
            meanings.setdefault(name, []).append(schema)
    shared = {name: said for name, said in meanings.items() if len(said) > 1}
    clashing = {name for name, said in shared.items() if any(one != said[0] for one in said)}
    while True:
        spreading = {
            name
            for name, said in shared.items()
            if name not in clashing and clashing & set(_referred(said[0]))
        }
        if not spreading:
            return clashing
        clashing |= spreading


def _referred(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(ref)}:
            yield ref.removeprefix(_SCHEMA)
        case dict():
            for one in node.values():
                yield from _referred(one)
        case list():
            for one in node:
                yield from _referred(one)


def _renamed(node: Any, named: Mapping[str, str]) -> Any:
    match node:
        case {"$ref": str(ref)} if ref.startswith(_SCHEMA):
            name = ref.removeprefix(_SCHEMA)
            return node | {"$ref": _SCHEMA + named.get(name, name)}
        case dict():
            return {key: _renamed(value, named) for key, value in node.items()}
        case list():
            return [_renamed(one, named) for one in node]
    return node
