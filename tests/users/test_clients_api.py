"""Other systems and their tokens, over HTTP, on a real MongoDB."""

from base64 import b64encode
from typing import Any

import pytest
from httpx import Response

from tests.users.house import House

OPERATOR = {"user_id": "u-op", "session_id": "s-op", "operator": True}
INVOICING = {"name": "Invoicing", "scopes": ["structures:read", "events:read"], "structures": []}


async def opened(house: House) -> dict[str, Any]:
    answer = await house.post("/v1/clients", INVOICING, **OPERATOR)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    client: dict[str, Any] = answer.json()
    return client


async def ask(house: House, *, auth: tuple[str, str] | None = None, **form: str) -> Response:
    headers = {}
    if auth:
        headers["x-client-authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
    async with house.client() as client:
        return await client.post("/v1/tokens", data=form, headers=headers)


def proof(client: dict[str, Any], **but: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    } | but


async def test_a_token_says_what_a_system_may_do(house: House):
    client = await opened(house)

    answer = await ask(house, **proof(client, scope="events:read"))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert token["token_type"] == "Bearer"
    assert 0 < token["expires_in"] <= 32767
    assert token["scope"] == "events:read"
    claims = house.claims(token["access_token"])
    assert claims["sub"] == f"client:{client['client_id']}"
    assert claims["client_id"] == client["client_id"]
    assert (claims["scope"], claims["structures"]) == ("events:read", [])


@pytest.mark.parametrize(
    ("but", "status", "error"),
    [
        ({"client_secret": "other"}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"scope": "root"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"client_secret": "x" * 3000}, 400, "invalid_request"),
    ],
)
async def test_a_refusal_speaks_oauth(house: House, but: dict[str, str], status: int, error: str):
    answer = await ask(house, **proof(await opened(house), **but))

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "type"),
    [
        (b"{}", "application/json"),
        (b"grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=1&" * 500, "application/x-www-form-urlencoded"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(house: House, content: bytes, type: str):
    async with house.client() as client:
        answer = await client.post("/v1/tokens", content=content, headers={"content-type": type})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_system_may_prove_itself_by_basic_authentication(house: House):
    client = await opened(house)
    grant = {"grant_type": "client_credentials"}
    basic = client["client_id"], client["client_secret"]

    assert (await ask(house, auth=basic, **grant)).status_code == 200
    twice = await ask(house, auth=basic, **proof(client))
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    wrong = await ask(house, auth=(basic[0], "other"), **grant)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")
    async with house.client() as http:
        http.headers["x-client-authorization"] = "Basic !!!"
        assert (await http.post("/v1/tokens", data=grant)).status_code == 401


async def test_a_revoked_system_gets_no_more_tokens(house: House):
    client = await opened(house)
    path = f"/v1/clients/{client['client_id']}"

    assert (await house.delete(path, **OPERATOR)).status_code == 204
    assert (await house.delete(path, **OPERATOR)).status_code == 204
    assert (await house.delete(f"/v1/clients/{'0' * 32}", **OPERATOR)).status_code == 404

    assert (await ask(house, **proof(client))).status_code == 401
    [listed] = (await house.get("/v1/clients", **OPERATOR)).json()["items"]
    assert listed["revoked"] is True


async def test_a_secret_is_shown_once(house: House):
    client = await opened(house)

    listed = await house.get("/v1/clients", **OPERATOR)

    assert client["client_secret"] not in listed.text
    [kept] = await house.identity.clients.select({})
    assert client["client_secret"] not in str(kept)


async def test_only_operators_open_and_see_systems(house: House):
    lea = {"user_id": "u-lea", "session_id": "s"}

    for caller, status in ((lea, 403), ({}, 401)):
        assert (await house.post("/v1/clients", INVOICING, **caller)).status_code == status
        assert (await house.get("/v1/clients", **caller)).status_code == status
        path = f"/v1/clients/{'0' * 32}"
        assert (await house.delete(path, **caller)).status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["root"]},
        {"name": ""},
        {"structures": ["$where"]},
        {"structures": "x"},
    ],
)
async def test_a_wrong_field_is_refused(house: House, wrong: dict[str, Any]):
    assert (await house.post("/v1/clients", INVOICING | wrong, **OPERATOR)).status_code == 422


async def test_another_secret_is_given_before_the_first_ends(house: House):
    client = await opened(house)
    path = f"/v1/clients/{client['client_id']}"

    given = await house.post(f"{path}/secrets", {}, **OPERATOR)
    tokens = [await ask(house, **proof(one)) for one in (client, given.json())]
    await house.delete(path, **OPERATOR)
    late = await house.post(f"{path}/secrets", {}, **OPERATOR)

    assert (given.status_code, given.headers["cache-control"]) == (201, "no-store")
    assert given.json()["client_secret"] != client["client_secret"]
    assert given.json()["expires_at"] >= client["expires_at"]
    assert [one.status_code for one in tokens] == [200, 200]
    assert late.status_code == 409
