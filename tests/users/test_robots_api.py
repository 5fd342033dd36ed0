"""Forms that anybody may send cost a robot some work, over HTTP, on a real MongoDB."""

import asyncio
from typing import Any

import pytest

from services.gateway.openapi import committed
from tests.users.house import EMAIL, PASSWORD, House

ACCOUNT = {"email": EMAIL, "password": PASSWORD, "first_name": "Léa", "last_name": "Martin"}
FORMS = [
    ("/v1/accounts", ACCOUNT),
    ("/v1/accounts/activation-links", {"email": EMAIL}),
    ("/v1/accounts/reactivation-links", {"email": EMAIL}),
    ("/v1/accounts/erasure-links", {"email": EMAIL}),
    ("/v1/password-resets", {"email": EMAIL}),
]


def test_every_form_that_takes_a_proof_is_here():
    api = committed()["users"]
    schemas = api["components"]["schemas"].items()
    taking = {name for name, one in schemas if "effort" in one.get("properties", {})}

    def takes(form: Any) -> bool:
        body = form.get("requestBody", {}).get("content", {}).get("application/json", {})
        return body.get("schema", {}).get("$ref", "").rpartition("/")[2] in taking

    forms = {path for path, methods in api["paths"].items() if takes(methods.get("post", {}))}
    assert forms == {path for path, _ in FORMS}


@pytest.mark.feature("ACC-25")
@pytest.mark.parametrize(("path", "form"), FORMS)
async def test_an_open_form_needs_a_proof_of_work(house: House, path: str, form: dict[str, Any]):
    refused = await house.post(path, form, robot=True)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/effort-missing")
    assert refused.json()["errors"][0]["pointer"] == "/body/effort"

    effort = await house.effort()
    answers = [await house.post(path, form | {"effort": effort}) for _ in range(2)]

    assert [one.status_code for one in answers] == [202, 422]
    assert answers[1].json()["type"] == "/problems/effort-over"


async def test_one_proof_lets_one_of_many_in(house: House):
    form = ACCOUNT | {"effort": await house.effort()}

    answers = await asyncio.gather(*(house.post("/v1/accounts", form) for _ in range(8)))

    assert sorted(one.status_code for one in answers) == [202] + [422] * 7


async def test_a_forged_proof_is_refused_before_anything_is_looked_up(house: House):
    effort, before = await house.effort(), house.passwords.hashed
    for wrong in ({"challenge": "x.0.9999999999.y"}, {"challenge": effort["challenge"][:-1] + "_"}):
        answer = await house.post("/v1/accounts", ACCOUNT | {"effort": effort | wrong})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/effort-wrong")
    for wrong in ({"challenge": "é"}, {"number": -1}, {"number": "x" * 10}):
        answer = await house.post("/v1/accounts", ACCOUNT | {"effort": effort | wrong})
        assert answer.json()["type"] == "/problems/invalid"

    assert house.passwords.hashed == before
    assert await house.identity.accounts.select({}) == []


async def test_a_challenge_is_for_whoever_asks_and_for_no_cache(house: House):
    answer = await house.get("/v1/effort")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["bits"] == 4
