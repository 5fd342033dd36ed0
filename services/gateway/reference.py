"""The description of the API as a page to read, with nothing fetched from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from services.gateway.openapi import Document
from services.gateway.routes import OPEN, route_for

_PAGES = Environment(
    loader=PackageLoader("services.gateway"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_BOUNDS = {
    "format": "{}",
    "pattern": "matches {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxItems": "at most {} items",
    "default": "default {}",
}


class Field(NamedTuple):
    name: str
    type: str
    required: bool
    note: str


class Outcome(NamedTuple):
    status: str
    said: str
    type: str
    problems: list[str]


class Operation(NamedTuple):
    method: str
    path: str
    summary: str
    description: str
    audience: str
    parameters: list[Field]
    body: str
    outcomes: list[Outcome]

    @property
    def anchor(self) -> str:
        return f"{self.method}{self.path}".replace("{", "").replace("}", "").replace("/", "-")


def page(document: Document) -> str:
    operations = sorted(_operations(document), key=lambda one: _group(one.path))
    schemas = document["components"]["schemas"]
    return _PAGES.get_template("reference.html").render(
        linked=lambda text: _linked(text, schemas),
        coded=_coded,
        title=document["info"]["title"],
        description=document["info"]["description"],
        style=style(),
        groups=[(name, [*own]) for name, own in groupby(operations, lambda o: _group(o.path))],
        schemas=[
            (name, _fields(schema), schema.get("description", ""), _type(schema))
            for name, schema in schemas.items()
        ],
    )


@cache
def style() -> str:
    return _PAGES.get_template("reference.css").render()


@cache
def policy() -> str:
    """The page may apply its own style; it may do nothing else."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"


def _linked(text: str, schemas: Document) -> Markup:
    """A type, each schema in it a link to what it is made of."""
    words = re.split(r"(\w+)", text)
    link = Markup('<a href="#word-{0}">{0}</a>')
    return Markup("").join(link.format(word) if word in schemas else word for word in words)


def _coded(text: str) -> Markup:
    """A description, with what stands between backquotes as code."""
    code = Markup("<code>{}</code>")
    parts = text.split("`")
    return Markup("").join(
        code.format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def _group(path: str) -> str:
    return path.split("/")[2]


def _operations(document: Document) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            yield Operation(
                method=method.upper(),
                path=path,
                summary=said.get("summary", ""),
                description=said.get("description", ""),
                audience=_audience(method.upper(), path),
                parameters=[
                    _parameter(_found(one, document)) for one in said.get("parameters", ())
                ],
                body=_content(said.get("requestBody", {})),
                outcomes=[
                    _outcome(status, _found(one, document))
                    for status, one in said["responses"].items()
                ],
            )


def _audience(method: str, path: str) -> str:
    return "anyone" if (method, path) in OPEN else route_for(path).audience


def _found(node: Document, document: Document) -> Document:
    if ref := node.get("$ref"):
        _, _, kind, name = ref.split("/")
        return dict(document["components"][kind][name])
    return node


def _parameter(said: Document) -> Field:
    schema = said.get("schema", {})
    kind = _type(schema).removesuffix(" | null")
    note = _note({**schema, **said})
    return Field(f"{said['name']} ({said['in']})", kind, said.get("required", False), note)


def _outcome(status: str, said: Document) -> Outcome:
    examples = [
        example["value"]["title"]
        for content in said.get("content", {}).values()
        for example in content.get("examples", {}).values()
        if "title" in example.get("value", {})
    ]
    description = said.get("description", "").removeprefix("Successful Response")
    return Outcome(status, description, _content(said), examples)


def _content(said: Document) -> str:
    for kind, content in said.get("content", {}).items():
        if kind == "application/problem+json":
            continue
        return _type(content.get("schema", {})) if kind.endswith("json") else kind
    return ""


def _fields(schema: Document) -> list[Field]:
    required = schema.get("required", ())
    return [
        Field(name, _type(one), name in required, _note(one))
        for name, one in schema.get("properties", {}).items()
    ]


def _type(schema: Document) -> str:
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"enum": [*values]}:
            return " | ".join(map(str, values))
        case {"anyOf": [*kinds]} | {"oneOf": [*kinds]}:
            return " | ".join(_type(one) for one in kinds)
        case {"type": "array"}:
            return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("const", schema.get("type", "anything")))


def _note(schema: Document) -> str:
    bounds: dict[str, Any] = {}
    for one in (schema, *schema.get("anyOf", ())):
        bounds |= {key: one[key] for key in _BOUNDS if one.get(key) not in (None, "")}
    said = [_BOUNDS[key].format(value) for key, value in bounds.items()]
    return "; ".join([*filter(None, [schema.get("description", "")]), *said])
