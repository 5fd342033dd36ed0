"""What people change about their own accounts, over HTTP, on a real MongoDB."""

import asyncio
from typing import Any

import pytest

from tests.users.house import EMAIL, PASSWORD, House

NEW = "lea@elsewhere.org"
PERSONAL = {"first_name": "Léa", "last_name": "Petit"}
PARAMETERS = {
    "language": "en",
    "time_zone": "Indian/Reunion",
    "notifications": {
        "rhythm": "daily",
        "applications": {"engagements": "never"},
        "weekly_recap": False,
        "quiet_hours": {"begin": "20:00", "end": "07:30"},
    },
}
HOME = {"line": "1 rue du Four", "postcode": "75006", "city": "Paris", "country": "FR"}
QUESTION = {
    "current_password": PASSWORD,
    "question": "Le nom de mon premier chat ?",
    "answer": "Minouche",
}


@pytest.fixture
async def me(house: House) -> dict[str, Any]:
    await house.join()
    return house.as_of((await house.sign_in()).json())


def a_form(**personal: Any) -> dict[str, Any]:
    return {"personal": PERSONAL | personal, "parameters": PARAMETERS}


@pytest.mark.feature("ACC-02", "ACC-04", "ACC-08", "NOT-01", "NOT-11")
async def test_a_whole_form_is_saved_and_shown(house: House, me: dict[str, Any]):
    saved = await house.put("/v1/me", a_form(address=HOME), **me)

    assert saved.status_code == 200, saved.text
    shown = await house.get("/v1/me", **me)
    assert shown.json() == saved.json()
    assert shown.headers["etag"] == saved.headers["etag"] == '"1"'
    assert shown.json()["personal"]["address"] == HOME | {"complements": []}
    assert shown.json()["parameters"] == PARAMETERS
    again = await house.put("/v1/me", a_form(address=HOME), **me)
    assert again.headers["etag"] == '"1"'
    assert (await house.told("person-changed"))[-1]["notifications"] == PARAMETERS["notifications"]


@pytest.mark.feature("ACC-08", "ACC-09")
async def test_each_missing_field_is_named_and_nothing_is_saved(house: House, me: dict[str, Any]):
    before = (await house.get("/v1/me", **me)).json()
    form = {"personal": {"last_name": "", "address": {"city": "Paris"}}, "parameters": {}}

    refused = await house.put("/v1/me", form, **me)

    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {
        "/body/personal/first_name",
        "/body/personal/last_name",
        "/body/personal/address/line",
        "/body/personal/address/postcode",
        "/body/personal/address/country",
        "/body/parameters/language",
        "/body/parameters/time_zone",
        "/body/parameters/notifications",
    }
    assert (await house.get("/v1/me", **me)).json() == before


@pytest.mark.parametrize(
    ("block", "wrong", "field"),
    [
        ("personal", {"address": HOME | {"country": "ZZ"}}, "address/country"),
        ("personal", {"contact_email": "nowhere"}, "contact_email"),
        ("personal", {"first_name": "win at http://evil"}, "first_name"),
        ("parameters", {"time_zone": "../../etc/passwd"}, "time_zone"),
        ("parameters", {"language": "tlh"}, "language"),
        (
            "parameters",
            {"notifications": {"applications": {"no-such": "never"}}},
            "notifications/applications",
        ),
        (
            "parameters",
            {"notifications": {"quiet_hours": {"begin": "20:00", "end": "20:00"}}},
            "notifications/quiet_hours",
        ),
    ],
)
async def test_a_wrong_field_is_named(
    house: House, me: dict[str, Any], block: str, wrong: dict[str, Any], field: str
):
    form = a_form()
    form[block] = form[block] | wrong

    refused = await house.put("/v1/me", form, **me)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == f"/body/{block}/{field}"


@pytest.mark.feature("ACC-08")
async def test_of_two_forms_saved_at_once_one_is_kept(house: House, me: dict[str, Any]):
    async with house.client(**me) as client:
        answers = await asyncio.gather(
            *(
                client.put("/v1/me", json=a_form(last_name=name), headers={"if-match": '"0"'})
                for name in ("Petit", "Grand")
            )
        )

    assert sorted(one.status_code for one in answers) == [200, 412]


@pytest.mark.feature("ACC-05")
async def test_a_contact_address_counts_once_it_is_proved(house: House, me: dict[str, Any]):
    refused = await house.put("/v1/me", a_form(contact_email=NEW), **me)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/password-needed")
    form = a_form(contact_email=NEW)
    guessed = await house.put("/v1/me", form | {"current_password": "a guess"}, **me)
    assert guessed.json()["type"] == "/problems/wrong-password"
    form |= {"current_password": PASSWORD}
    saved = (await house.put("/v1/me", form, **me)).json()["personal"]
    assert (saved["contact_email"], saved["awaited_contact_email"]) == (EMAIL, NEW)
    [token] = await house.links("contact-confirmation")
    path = "/v1/accounts/contact-confirmation"
    assert (
        await house.post("/v1/accounts/login-confirmation", {"token": token})
    ).status_code == 422

    answers = [(await house.post(path, {"token": token})).status_code for _ in range(2)]

    assert answers == [200, 422]
    shown = (await house.get("/v1/me", **me)).json()
    assert (shown["email"], shown["personal"]["contact_email"]) == (EMAIL, NEW)
    assert (await house.told("person-changed"))[-1]["email"] == NEW
    told = [one["action"] for one in await house.told("account-changed")]
    assert told == ["contact-change-asked", "contact-changed"]
    assert (await house.sign_in()).status_code == 201


@pytest.mark.feature("ACC-06")
async def test_a_password_is_changed_with_the_present_one(house: House, me: dict[str, Any]):
    there = (await house.sign_in()).json()
    asked = {"current_password": "not this one", "password": "a new long password"}
    wrong = await house.put("/v1/me/password", asked, **me)
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/wrong-password")
    assert wrong.json()["errors"][0]["pointer"] == "/body/current_password"

    asked["current_password"] = PASSWORD
    weak = await house.put("/v1/me/password", asked | {"password": "short"}, **me)
    assert weak.json()["errors"][0]["pointer"] == "/body/password"
    assert (await house.put("/v1/me/password", asked, **me)).status_code == 204

    [revoked] = await house.told("session-revoked")
    assert revoked["session_id"] == house.as_of(there)["session_id"]
    assert (await house.sign_in()).status_code == 401
    assert (await house.sign_in(password="a new long password")).status_code == 201


@pytest.mark.feature("ACC-06")
async def test_a_stolen_session_buys_few_guesses_at_the_password(house: House, me: dict[str, Any]):
    asked = {"current_password": "guess", "password": "a new long password"}

    guesses = await asyncio.gather(
        *(house.put("/v1/me/password", asked, **me) for _ in range(12)),
        *(
            house.put("/v1/me/login", {"current_password": "guess", "email": NEW}, **me)
            for _ in range(12)
        ),
    )

    statuses = [one.status_code for one in guesses]
    assert (statuses.count(422), statuses.count(429)) == (5, 19)
    asked["current_password"] = PASSWORD
    assert (await house.put("/v1/me/password", asked, **me)).status_code == 429


async def change_login(house: House, me: dict[str, Any], email: str = NEW) -> tuple[str, str]:
    """The tokens sent to the new address and to the old one."""
    asked = {"current_password": PASSWORD, "email": email}
    assert (await house.put("/v1/me/login", asked, **me)).status_code == 202
    return (await house.links("login-confirmation"))[-1], (await house.links("login-cancellation"))[
        -1
    ]


async def test_a_login_is_changed_and_taken_back(house: House, me: dict[str, Any]):
    confirm, cancel = await change_login(house, me)
    confirmed = [
        (await house.post("/v1/accounts/login-confirmation", {"token": confirm})).status_code
        for _ in range(2)
    ]
    assert confirmed == [200, 422]
    assert (await house.sign_in()).status_code == 401
    assert (await house.sign_in(NEW)).status_code == 201
    assert (await house.post("/v1/password-resets", {"email": EMAIL})).status_code == 202
    assert await house.links("password-reset") == []

    cancelled = [
        (await house.post("/v1/accounts/login-cancellation", {"token": cancel})).status_code
        for _ in range(2)
    ]

    assert cancelled == [200, 422]
    assert (await house.sign_in(NEW)).status_code == (await house.sign_in()).status_code == 401
    assert len(await house.told("session-revoked")) == 2
    await house.post("/v1/password-resets", {"email": EMAIL})
    [token] = await house.links("password-reset")
    chosen = {"token": token, "password": "a new long password"}
    assert (await house.post("/v1/password-resets/confirmation", chosen)).status_code == 200
    assert (await house.sign_in(password="a new long password")).status_code == 201


async def test_a_change_of_login_is_stopped_before_it_happens(house: House, me: dict[str, Any]):
    confirm, cancel = await change_login(house, me)

    assert (
        await house.post("/v1/accounts/login-cancellation", {"token": cancel})
    ).status_code == 200

    assert (
        await house.post("/v1/accounts/login-confirmation", {"token": confirm})
    ).status_code == 422
    assert (await house.sign_in()).status_code == 201


@pytest.mark.feature("ACC-01")
async def test_a_taken_address_is_told_to_nobody_but_its_reader(house: House, me: dict[str, Any]):
    await house.join("omar@example.org")
    asked = {"current_password": PASSWORD}
    free, taken = [
        await house.put("/v1/me/login", asked | {"email": email}, **me)
        for email in (NEW, "omar@example.org")
    ]
    assert (free.status_code, free.json(), {*free.headers}) == (202, taken.json(), {*taken.headers})
    [*_, token] = await house.links("login-confirmation")

    refused = await house.post("/v1/accounts/login-confirmation", {"token": token})

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/login-taken")


@pytest.mark.feature("ACC-01")
async def test_of_two_who_claim_an_address_at_once_one_gets_it(house: House, me: dict[str, Any]):
    await house.join("omar@example.org")
    omar = house.as_of((await house.sign_in("omar@example.org")).json())
    tokens = [(await change_login(house, one))[0] for one in (me, omar)]
    path = "/v1/accounts/login-confirmation"

    answers = await asyncio.gather(
        *(house.post(path, {"token": token}) for token in tokens), house.register(NEW)
    )

    statuses = [one.status_code for one in answers]
    assert statuses[2] == 202
    accounts = await house.identity.accounts.select({"email": NEW})
    assert len(accounts) == 1
    assert statuses[:2].count(200) == (accounts[0].status == "active")


@pytest.mark.feature("ACC-07")
async def test_a_secret_question_is_asked_beside_the_link(house: House, me: dict[str, Any]):
    assert (await house.put("/v1/me/secret-question", QUESTION, **me)).status_code == 204
    shown = (await house.get("/v1/me", **me)).text
    assert "premier chat" in shown
    assert "inouche" not in shown
    await house.post("/v1/password-resets", {"email": EMAIL})
    [token] = await house.links("password-reset")
    chosen = {"token": token, "password": "a new long password"}
    path = "/v1/password-resets/confirmation"

    asked = await house.post(path, chosen)
    assert (asked.status_code, asked.json()["type"]) == (422, "/problems/answer-needed")
    assert asked.json()["question"] == QUESTION["question"]
    assert (await house.post(path, chosen | {"answer": "Félix"})).status_code == 422
    forged = {"token": token[:-4] + "AAAA", "answer": "Minouche", "password": PASSWORD}
    assert (await house.post(path, forged)).json()["type"] == "/problems/link-invalid"
    answered = await house.post(path, chosen | {"answer": "  minouché "})

    assert answered.status_code == 200
    assert (await house.sign_in(password="a new long password")).status_code == 201


@pytest.mark.feature("ACC-07")
async def test_a_stolen_link_buys_few_guesses_at_the_answer(house: House, me: dict[str, Any]):
    await house.put("/v1/me/secret-question", QUESTION, **me)
    await house.post("/v1/password-resets", {"email": EMAIL})
    [token] = await house.links("password-reset")
    guess = {"token": token, "password": "a new long password", "answer": "Félix"}
    path = "/v1/password-resets/confirmation"

    guesses = await asyncio.gather(*(house.post(path, guess) for _ in range(12)))

    statuses = [one.status_code for one in guesses]
    assert (statuses.count(422), statuses.count(429)) == (5, 7)
    assert (await house.post(path, guess | {"answer": "Minouche"})).status_code == 429


async def test_every_other_device_is_signed_out_at_once(house: House, me: dict[str, Any]):
    for _ in range(3):
        await house.sign_in()

    for _ in range(2):
        assert (await house.delete("/v1/sessions", **me)).status_code == 204

    listed = (await house.get("/v1/sessions", **me)).json()["items"]
    assert [one["id"] for one in listed] == [me["session_id"]]
    assert len(await house.told("session-revoked")) == 3
