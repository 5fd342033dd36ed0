"""Accounts over HTTP, on a real MongoDB."""

import asyncio
import re

import pytest

from tests.users.house import EMAIL, PASSWORD, House

SAME = ({"status": "accepted"}, 202)


@pytest.mark.feature("ACC-25")
async def test_an_account_opens_with_the_link_of_its_letter(house: House):
    assert (await house.register()).status_code == 202
    assert (await house.sign_in()).status_code == 401

    [token] = await house.links()
    activated = await house.post("/v1/accounts/activation", {"token": token})

    assert (activated.status_code, activated.json()) == (200, {"status": "active"})
    assert activated.headers["consistency-token"]
    assert (await house.sign_in()).status_code == 201
    again = await house.post("/v1/accounts/activation", {"token": token})
    assert again.status_code == 200


async def test_every_address_is_answered_alike(house: House):
    answers = [await house.register()]  # unknown
    answers.append(await house.register())  # pending
    answers.append(await house.post("/v1/accounts/activation-links", {"email": EMAIL}))
    answers.append(await house.post("/v1/accounts/activation-links", {"email": "no@example.org"}))
    await house.post("/v1/accounts/activation", {"token": (await house.links())[-1]})
    answers.append(await house.register())  # active
    answers.append(await house.post("/v1/password-resets", {"email": EMAIL}))
    answers.append(await house.post("/v1/password-resets", {"email": "no@example.org"}))
    answers.append(await house.post("/v1/password-resets", {"email": EMAIL}))  # no more letters

    assert [(one.json(), one.status_code) for one in answers] == [SAME] * 8
    assert len({frozenset(one.headers) for one in answers}) == 1
    assert len(await house.told("link-requested")) == 4
    assert len(await house.told("registration-repeated")) == 1


@pytest.mark.feature("ACC-01")
async def test_one_address_opens_one_account_however_many_ask_at_once(house: House):
    spelt = [EMAIL, EMAIL.upper(), EMAIL.title()]
    asked = await asyncio.gather(*(house.register(spelt[n % 3]) for n in range(12)))

    assert {one.status_code for one in asked} == {202}
    [account] = await house.identity.accounts.select({})
    assert account.email == EMAIL
    assert {one["user_id"] for one in await house.told("link-requested")} == {account.id}
    assert len(await house.told("link-requested")) == 5


async def test_a_newer_link_takes_effect_only_when_used(house: House):
    await house.register()
    await house.register(password="another good password", first_name="Mallory")
    first, second = await house.links()

    assert (await house.post("/v1/accounts/activation", {"token": first})).status_code == 200
    assert (await house.post("/v1/accounts/activation", {"token": second})).status_code == 422
    assert (await house.sign_in()).status_code == 201
    assert (await house.sign_in(password="another good password")).status_code == 401
    assert (await house.told("person-changed"))[-1]["first_name"] == "Léa"


async def test_no_id_and_no_answer_holds_an_address_or_a_secret(house: House):
    user_id = await house.join()

    [login] = await house.identity.logins.select({})
    assert re.fullmatch(r"[0-9a-f]{64}", login.id)
    me = await house.get("/v1/me", user_id=user_id, session_id="s")
    assert me.json() == {
        "id": user_id,
        "email": EMAIL,
        "operator": False,
        "personal": {
            "first_name": "Léa",
            "last_name": "Martin",
            "address": None,
            "contact_email": EMAIL,
            "awaited_contact_email": None,
        },
        "parameters": {
            "language": "fr",
            "time_zone": "Europe/Paris",
            "notifications": {
                "rhythm": "immediate",
                "applications": {},
                "weekly_recap": True,
                "quiet_hours": None,
            },
        },
        "security": {
            "awaited_email": None,
            "second_factor": None,
            "recovery_codes": 0,
            "secret_question": None,
        },
    }
    rows = await house.service.journal.rows.find({}).to_list(None)
    assert not [row for row in rows if b"argon2" in bytes(row["data"])]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "no address"}, "/body/email"),
        ({"email": "x" * 300 + "@example.org"}, "/body/email"),
        ({"email": {"$gt": ""}}, "/body/email"),
        ({"email": "a\x00b@example.org"}, "/body/email"),
        ({"email": "léa@example.org"}, "/body/email"),
        ({"password": "short"}, "/body/password"),
        ({"password": "x" * 2000}, "/body/password"),
        ({"password": None}, "/body/password"),
        ({"password": "MY LEA.MARTIN password"}, "/body/password"),
        ({"first_name": ""}, "/body/first_name"),
        ({"first_name": "win at http://evil"}, "/body/first_name"),
        ({"last_name": "x" * 101}, "/body/last_name"),
        ({"last_name": 7}, "/body/last_name"),
        *(
            ({"first_name": name}, "/body/first_name")
            for odd in ("\u202e", "\u2066", "\u200b", "\u2028", "\u0085", "\ufeff", "\u3164")
            for name in (odd, f"Lé{odd}a")
        ),
        ({"last_name": "\u200d"}, "/body/last_name"),
        ({"last_name": "-"}, "/body/last_name"),
    ],
)
async def test_a_wrong_field_is_named_and_a_password_never_shown(
    house: House, wrong: dict[str, object], field: str
):
    answer = await house.register(**wrong)  # type: ignore[arg-type]  # wrong on purpose

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in {one["pointer"] for one in answer.json()["errors"]}
    assert "lea.martin password" not in answer.text.lower()
    assert await house.identity.accounts.select({}) == []


async def test_half_a_character_is_refused(house: House):
    async with house.client() as client:
        answer = await client.post(
            "/v1/accounts",
            content=rb'{"email":"\ud800@example.org","password":"\ud800\ud800long enough",'
            rb'"first_name":"\ud800","last_name":"x"}',
            headers={"content-type": "application/json"},
        )

    assert answer.status_code == 422


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 3000])
async def test_a_forged_link_is_refused_naming_its_field(house: House, token: str):
    for path, body in [
        ("/v1/accounts/activation", {"token": token}),
        ("/v1/password-resets/confirmation", {"token": token, "password": PASSWORD}),
    ]:
        answer = await house.post(path, body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body/token"


async def test_a_link_is_good_for_its_purpose_alone(house: House):
    await house.register()
    [token] = await house.links()

    answer = await house.post(
        "/v1/password-resets/confirmation", {"token": token, "password": PASSWORD}
    )

    assert answer.status_code == 422


async def test_a_forgotten_password_is_replaced_once_and_signs_every_device_out(house: House):
    await house.join()
    signed_in = [(await house.sign_in()).json() for _ in range(3)]
    for _ in range(5):
        await house.sign_in(password="not this one")
    assert (await house.sign_in()).status_code == 429
    await house.post("/v1/password-resets", {"email": EMAIL})
    [token] = await house.links("password-reset")

    weak = {"token": token, "password": "short"}
    assert (await house.post("/v1/password-resets/confirmation", weak)).status_code == 422
    asked = {"token": token, "password": "a new long password"}
    assert (await house.post("/v1/password-resets/confirmation", asked)).status_code == 200
    assert (await house.post("/v1/password-resets/confirmation", asked)).status_code == 422

    sessions = {house.claims(one["access_token"])["sid"] for one in signed_in}
    assert {one["session_id"] for one in await house.told("session-revoked")} == sessions
    for one in signed_in:
        refresh = {"refresh_token": one["refresh_token"]}
        assert (await house.post("/v1/sessions/refresh", refresh)).status_code == 401
    assert (await house.sign_in()).status_code == 401
    assert (await house.sign_in(password="a new long password")).status_code == 201


async def test_me_is_for_those_who_signed_in(house: House):
    assert (await house.get("/v1/me")).status_code == 401


async def test_openapi_can_be_written(house: House):
    paths = house.app.openapi()["paths"]

    assert "429" in paths["/v1/sessions"]["post"]["responses"]
    assert "202" in paths["/v1/sessions"]["post"]["responses"]
