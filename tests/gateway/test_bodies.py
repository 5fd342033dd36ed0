"""What a body may hold, as the API describes itself."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from services.gateway.openapi import committed, merged

DESCRIBED: Final = merged(committed())
SCHEMAS: Final = DESCRIBED["components"]["schemas"]
PASSED_OVER: Final = {
    # Refused by a decision, which says where it is changed instead.
    "Modification",
    # A switch that the portal offers no more is none.
    "ContactSwitches",
    # Who signs people in may add to the query, and what is not known is ignored (RFC 6749, 4.1.2).
    "Returned",
    # A word of events, whose hearers pass over what they do not know.
    "QuietHours",
}


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects of a body that have fields, at any depth."""
    schema = schema | SCHEMAS.get(schema.get("$ref", "").rpartition("/")[2], {})
    if "properties" in schema:
        yield schema
    for inside in schema.get("properties", {}).values():
        yield from objects(inside)
    for several in ("anyOf", "oneOf", "allOf"):
        for inside in schema.get(several, ()):
            yield from objects(inside)
    if isinstance(inside := schema.get("items"), dict):
        yield from objects(inside)


BODIES: Final = [
    pytest.param(body["schema"], id=f"{method.upper()} {path}")
    for path, methods in DESCRIBED["paths"].items()
    for method, described in methods.items()
    for kind, body in described.get("requestBody", {}).get("content", {}).items()
    if kind == "application/json"
]


@pytest.mark.parametrize("body", BODIES)
def test_has_no_field_that_nobody_reads(body: dict[str, Any]):
    unread = {one["title"] for one in objects(body) if one.get("additionalProperties") is not False}

    assert unread <= PASSED_OVER
