"""One description of the API, complete, and the page made of it."""

from typing import Any

from services.gateway import reference
from services.gateway.openapi import committed, merged
from services.gateway.routes import SERVICES
from tests.tools.openapi import described

REF = "#/components/schemas/"


def a_service(path: str, **schemas: Any) -> dict[str, Any]:
    answer = {"content": {"application/json": {"schema": {"$ref": REF + next(iter(schemas))}}}}
    operation = {"summary": "<b>Ask</b>", "responses": {"200": {"description": "", **answer}}}
    return {
        "paths": {path: {"get": operation}, "/internal/positions": {"get": operation}},
        "components": {"schemas": schemas},
    }


def a_schema(kind: str = "string", **but: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"id": {"type": kind}}} | but


def schema_of(document: dict[str, Any], path: str) -> str:
    answer = document["paths"][path]["get"]["responses"]["200"]
    return str(answer["content"]["application/json"]["schema"]["$ref"]).removeprefix(REF)


class TestMerged:
    def test_gives_only_what_the_gateway_routes_to_that_service(self) -> None:
        document = merged({"users": a_service("/v1/me", Me=a_schema())})
        assert [*document["paths"]] == ["/v1/me"]
        assert not merged({"users": a_service("/v1/approvals", Me=a_schema())})["paths"]

    def test_keeps_one_of_two_schemas_that_say_the_same(self) -> None:
        document = merged(
            {
                "users": a_service("/v1/me", Card=a_schema()),
                "approvals": a_service("/v1/approvals", Card=a_schema()),
            }
        )
        assert [*document["components"]["schemas"]] == ["Card", "Problem"]

    def test_tells_two_schemas_of_one_name_apart_and_all_that_refer_to_them(self) -> None:
        page = a_schema(properties={"items": {"type": "array", "items": {"$ref": REF + "Card"}}})
        document = merged(
            {
                "users": a_service("/v1/me", Page=page, Card=a_schema("string")),
                "approvals": a_service("/v1/approvals", Page=page, Card=a_schema("integer")),
            }
        )
        schemas = document["components"]["schemas"]
        known = {"UsersPage", "UsersCard", "ApprovalsPage", "ApprovalsCard", "Problem"}
        assert {*schemas} == known
        assert schema_of(document, "/v1/me") == "UsersPage"
        items = schemas["ApprovalsPage"]["properties"]["items"]
        assert items["items"]["$ref"] == REF + "ApprovalsCard"

    def test_says_which_operations_need_a_token(self) -> None:
        sessions = a_service("/v1/sessions", Session=a_schema())
        sessions["paths"]["/v1/sessions"]["post"] = sessions["paths"]["/v1/sessions"]["get"]
        operations = merged({"users": sessions})["paths"]["/v1/sessions"]
        assert operations["get"]["security"] == [{"bearer": []}]
        assert operations["post"]["security"] == []
        assert "401" in operations["get"]["responses"]

    def test_says_how_fields_are_refused_and_not_how_fastapi_would(self) -> None:
        wrong = {"$ref": REF + "HTTPValidationError"}
        service = a_service("/v1/me", Me=a_schema(), HTTPValidationError=a_schema())
        answers = service["paths"]["/v1/me"]["get"]["responses"]
        answers["422"] = {"content": {"application/json": {"schema": wrong}}}
        answers["404"] = {"content": {"application/problem+json": {"examples": {"A": {}}}}}
        document = merged({"users": service})
        assert "HTTPValidationError" not in str(document)
        answers = document["paths"]["/v1/me"]["get"]["responses"]
        assert answers["422"] == {"$ref": "#/components/responses/422"}
        told = answers["404"]["content"]["application/problem+json"]
        assert told == {"schema": {"$ref": REF + "Problem"}, "examples": {"A": {}}}


class TestCommitted:
    def test_is_what_each_service_says_of_itself(self) -> None:
        assert committed() == described(), "run python -m tests.tools.openapi"

    def test_every_service_has_its_own(self) -> None:
        assert {*committed()} == {*SERVICES}

    def test_every_reference_leads_somewhere(self) -> None:
        document = merged(committed())
        assert document["paths"]
        for ref in references(document):
            found: Any = document
            for step in ref.removeprefix("#/").split("/"):
                found = found[step]


class TestPage:
    def test_names_every_operation_and_escapes_what_it_is_told(self) -> None:
        page = reference.page(merged({"users": a_service("/v1/me", Me=a_schema())}))
        assert "/v1/me" in page
        assert "&lt;b&gt;Ask" in page
        assert "<b>Ask" not in page

    def test_fetches_nothing(self) -> None:
        page = reference.page(merged(committed()))
        assert not any(word in page for word in ("<script", "src=", "http://", "https://"))


def references(node: Any) -> list[str]:
    match node:
        case {"$ref": str(ref)}:
            return [ref]
        case dict():
            return [ref for one in node.values() for ref in references(one)]
        case list():
            return [ref for one in node for ref in references(one)]
    return []
