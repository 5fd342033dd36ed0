"""What people may write, field by field, as the API describes itself."""

import re
from collections.abc import Iterator
from typing import Any, Final

from services.gateway.openapi import committed, merged

DESCRIBED: Final = merged(committed())
SCHEMAS: Final = DESCRIBED["components"]["schemas"]
PLAIN: Final = {"enum", "const", "format", "contentMediaType"}
"""Texts that are one of a few, in a form that has a name, or markup that is cleaned."""
COMPARED: Final = {
    *("challenge", "client_id", "client_secret", "refresh_token", "scope", "token"),
    *("category", "iss", "provider", "redirect_uri", "subcategory", "theme", "time_zone", "type"),
}
"""Refused unless we know them; never kept as they were written."""
JUDGED: Final = {"bban", "bic", "designation", "value"}
"""By a decision: of bank details, of files, of identifiers."""


def texts(schema: dict[str, Any], field: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a body that take text, each with its pattern, if it has one."""
    schema = schema | SCHEMAS.get(schema.get("$ref", "").rpartition("/")[2], {})
    if field and schema.get("type") == "string" and not PLAIN & schema.keys():
        yield field, schema.get("pattern", "")
    for name, inside in schema.get("properties", {}).items():
        yield from texts(inside, name)
    for several in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inside in schema.get(several, ()):
            yield from texts(inside, field)
    for each in ("items", "additionalProperties"):
        if isinstance(inside := schema.get(each), dict):
            yield from texts(inside, field)


WRITTEN: Final = [
    (f"{method.upper()} {path}", field, pattern)
    for path, methods in DESCRIBED["paths"].items()
    for method, described in methods.items()
    for body in described.get("requestBody", {}).get("content", {}).values()
    for field, pattern in texts(body["schema"])
]


class TestTexts:
    def test_have_no_control_characters(self):
        odd = ("\x00", "a\x00b", "\x1b[2J ok", "a\x7fb", "a\x9bb")
        taken = [
            (route, field)
            for route, field, pattern in WRITTEN
            if pattern and any(re.search(pattern, one) for one in odd)
        ]

        assert {"comment", "reason", "text"} < {field for _, field, _ in WRITTEN}
        assert not taken

    def test_are_bounded_by_what_they_are_made_of_unless_we_know_them_all(self):
        assert {field for _, field, pattern in WRITTEN if not pattern} == COMPARED | JUDGED
