"""Signing in, staying in and signing out, over HTTP, on a real MongoDB."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from kit.change import Change
from kit.clock import now
from kit.workers import Timer
from services.users.passwords import Passwords
from services.users.settings import UsersSettings
from tests.users.house import EMAIL, KNOWN, PASSWORD, House


async def test_an_access_token_says_who_for_five_minutes(house: House):
    user_id = await house.join()

    answer = await house.sign_in()

    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
    claims = house.claims(tokens["access_token"])
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("chorale", "chorale", user_id)
    assert claims["exp"] - claims["iat"] == 300
    assert claims["roles"] == []


async def test_a_password_hashed_otherwise_is_hashed_again(house: House):
    user_id, weaker = await house.join(), Passwords(memory=32, passes=1)
    hash = await weaker.hash(PASSWORD)
    await house.identity.accounts.documents.update_one(
        {"_id": user_id}, {"$set": {"password_hash": hash}}
    )

    assert (await house.sign_in(password="not this one")).status_code == 401
    assert (await house.identity.accounts.get(user_id)).password_hash == hash
    assert (await house.sign_in()).status_code == 201
    assert (await house.identity.accounts.get(user_id)).password_hash != hash
    assert (await house.sign_in()).status_code == 201


async def test_operators_are_named_by_setting(house: House):
    await house.join("chef@Example.org")

    tokens = (await house.sign_in("CHEF@example.org")).json()

    assert house.claims(tokens["access_token"])["roles"] == ["operator"]


def test_an_operator_is_named_by_the_domain_itself(house: House):
    kept = house.settings.model_dump()
    settings = UsersSettings(**kept | {"operators": "Ops@fass.de, ops@École.fr,"})

    assert settings.is_operator("ops@fass.de")
    assert settings.is_operator("ops@xn--cole-9oa.fr")
    assert not settings.is_operator("ops@xn--fa-hia.de")
    assert not settings.is_operator("")
    with pytest.raises(ValueError, match="operators"):
        UsersSettings(**kept | {"operators": "chef"})


async def test_a_wrong_password_and_an_unknown_account_are_refused_alike(house: House):
    await house.join()
    await house.register("omar@example.org")  # pending

    wrong = await house.sign_in(password="not this one")
    unknown = await house.sign_in("nobody@example.org")
    pending = await house.sign_in("omar@example.org")

    assert {one.status_code for one in (wrong, unknown, pending)} == {401}
    assert wrong.json() == unknown.json() == pending.json()
    assert len({frozenset(one.headers) for one in (wrong, unknown, pending)}) == 1


@pytest.mark.feature("ACC-24")
@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
async def test_five_failures_lock_for_an_hour_right_password_or_not(house: House, email: str):
    await house.join()
    failures = [await house.sign_in(email, "not this one") for _ in range(5)]

    locked = await house.sign_in(email)

    assert {one.status_code for one in failures} == {401}
    assert locked.status_code == 429
    assert 3590 <= int(locked.headers["retry-after"]) <= 3600


@pytest.mark.feature("ACC-24")
async def test_a_hundred_guesses_at_once_get_five_answers(house: House):
    await house.join()

    guesses = await asyncio.gather(
        *(
            house.sign_in(password=f"guess number {n}", address=f"203.0.113.{n % 50}")
            for n in range(100)
        )
    )

    statuses = [one.status_code for one in guesses]
    assert (statuses.count(401), statuses.count(429)) == (5, 95)


async def test_a_success_clears_the_failures(house: House):
    await house.join()

    for _ in range(3):
        for _ in range(4):
            await house.sign_in(password="not this one")
        assert (await house.sign_in()).status_code == 201


async def test_an_address_is_locked_whatever_the_accounts(house: House):
    await house.join()
    for n in range(30):
        assert (await house.sign_in()).status_code == 201  # one's own account buys no more guesses
        await house.sign_in(f"victim-{n}@example.org", "Winter2026!!")

    locked = await house.sign_in("victim-31@example.org", "Winter2026!!")

    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) <= 900
    assert (await house.sign_in(address="198.51.100.1")).status_code == 201


async def test_a_refresh_token_is_good_once(house: House):
    await house.join()
    first = (await house.sign_in()).json()

    async def refresh(tokens: dict[str, Any]) -> Any:
        return await house.post("/v1/sessions/refresh", {"refresh_token": tokens["refresh_token"]})

    second = (await refresh(first)).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await refresh(first)).json()["refresh_token"] == second["refresh_token"]
    third = (await refresh(second)).json()

    assert (await refresh(first)).status_code == 401
    assert (await refresh(third)).status_code == 401
    [revoked] = await house.told("session-revoked")
    assert revoked["session_id"] == house.claims(first["access_token"])["sid"]


async def test_many_refreshes_at_once_stay_one_session(house: House):
    await house.join()
    asked = {"refresh_token": (await house.sign_in()).json()["refresh_token"]}

    answers = await asyncio.gather(*(house.post("/v1/sessions/refresh", asked) for _ in range(10)))

    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["refresh_token"] for one in answers}) == 1
    assert await house.told("session-revoked") == []


@pytest.mark.parametrize(
    "token", ["x", "é", "0" * 32 + ".", "0" * 32 + "." + "A" * 65, "0" * 32 + "." + "A" * 64]
)
async def test_a_refresh_token_that_was_never_issued_ends_nothing(house: House, token: str):
    await house.join()
    good = (await house.sign_in()).json()["refresh_token"]
    made_up = good[:33] + token[33:] if len(token) > 60 else token

    for one in (token, made_up):
        answer = await house.post("/v1/sessions/refresh", {"refresh_token": one})
        assert answer.status_code == 401
    answer = await house.post("/v1/sessions/refresh", {"refresh_token": good})
    assert answer.status_code == 200


async def test_you_see_and_end_your_own_sessions(house: House):
    await house.join()
    await house.join("omar@example.org")
    here = (await house.sign_in()).json()
    there = (await house.sign_in()).json()
    me, there_id = house.as_of(here), house.as_of(there)["session_id"]
    omar = house.as_of((await house.sign_in("omar@example.org")).json())

    listed = (await house.get("/v1/sessions", **me)).json()
    assert listed["next"] is None
    assert [(one["id"], one["current"]) for one in listed["items"]] == [
        (there_id, False),
        (me["session_id"], True),
    ]
    assert "hash" not in str(listed)
    assert listed["items"][0]["device"].startswith("python-httpx")

    assert (await house.delete(f"/v1/sessions/{there_id}", **omar)).status_code == 404
    assert (await house.delete(f"/v1/sessions/{'0' * 32}", **me)).status_code == 404
    assert (await house.delete("/v1/sessions/..%2Fx", **me)).status_code in (404, 422)
    assert (await house.delete(f"/v1/sessions/{there_id}", **me)).status_code == 204
    assert (await house.delete(f"/v1/sessions/{there_id}", **me)).status_code == 204
    assert (await house.delete("/v1/sessions/current", **me)).status_code == 204

    assert (await house.get("/v1/sessions", **me)).json()["items"] == []
    revoked = [one["session_id"] for one in await house.told("session-revoked")]
    assert revoked == [there_id, me["session_id"]]
    for tokens in (here, there):
        asked = {"refresh_token": tokens["refresh_token"]}
        assert (await house.post("/v1/sessions/refresh", asked)).status_code == 401


async def test_the_oldest_session_makes_room(house: House):
    user_id = await house.join()
    account = await house.identity.accounts.get(user_id)
    first = house.as_of((await house.sign_in()).json())

    for _ in range(50):
        await house.sign_in()

    account = await house.identity.accounts.get(user_id)
    assert len(account.session_ids) == 50
    assert [one["session_id"] for one in await house.told("session-revoked")] == [
        first["session_id"]
    ]


async def protect(house: House, me: dict[str, Any]) -> pyotp.TOTP:
    made = (await house.post("/v1/second-factor", {}, **me)).json()
    codes = pyotp.TOTP(made["secret"])
    assert made["uri"].startswith("otpauth://totp/Chorale:")
    # Not as its time ends: by the time this code is read it would be one too old.
    left = codes.interval - time.time() % codes.interval
    await asyncio.sleep(left if left < 3 else 0)
    async with house.client(**me) as client:
        earlier = codes.at(now() - timedelta(seconds=30))
        on = await client.put("/v1/second-factor", json=KNOWN | {"code": earlier})
    assert (on.status_code, on.json()) == (200, {"on": True})
    return codes


async def test_a_second_factor_stands_between_the_password_and_the_session(house: House):
    await house.join()
    me = house.as_of((await house.sign_in()).json())
    codes = await protect(house, me)
    assert (await house.get("/v1/me", **me)).json()["security"]["second_factor"] == "app"

    challenged = await house.sign_in()
    assert challenged.status_code == 202
    assert challenged.json().keys() == {"challenge", "method", "expires_in"}
    answer = {"challenge": challenged.json()["challenge"], "code": codes.at(now())}
    right = [(await house.post("/v1/sessions/challenge", answer)).status_code for _ in range(2)]

    assert right == [201, 401]
    rows = await house.service.journal.rows.find({}).to_list(None)
    assert not [row for row in rows if codes.secret.encode() in bytes(row["data"])]


async def test_a_known_password_buys_few_codes(house: House):
    await house.join()
    codes = await protect(house, house.as_of((await house.sign_in()).json()))
    good = {codes.at(now() + timedelta(seconds=30 * step)) for step in range(-2, 4)}
    wrong = next(code for code in ("000000", "111111", "222222") if code not in good)

    statuses = []
    for _ in range(6):
        challenged = await house.sign_in()
        statuses.append(challenged.status_code)
        asked = {"challenge": challenged.json().get("challenge", "none"), "code": wrong}
        tried = await asyncio.gather(
            *(house.post("/v1/sessions/challenge", asked) for _ in range(8))
        )
        assert {one.status_code for one in tried} == {401}
        kinds = [one.json()["type"] for one in tried]
        assert kinds.count("/problems/code-refused") == (5 if challenged.status_code == 202 else 0)

    assert statuses == [202] * 5 + [429]


async def test_a_second_factor_is_given_up_with_a_code(house: House):
    await house.join()
    me = house.as_of((await house.sign_in()).json())
    codes = await protect(house, me)

    async def turn_off(code: str) -> int:
        async with house.client(**me) as client:
            asked = client.request("DELETE", "/v1/second-factor", json=KNOWN | {"code": code})
            return (await asked).status_code

    assert (await house.post("/v1/second-factor", {}, **me)).status_code == 409
    assert await turn_off("abc") == 422
    assert await turn_off(codes.at(now() - timedelta(seconds=3600))) == 422
    assert await turn_off(codes.at(now())) == 204
    assert (await house.sign_in()).status_code == 201


async def test_a_stolen_session_changes_no_second_factor(house: House):
    """It knows no password: it must neither lock the owner out nor let a second factor go."""
    await house.join()
    me = house.as_of((await house.sign_in()).json())
    made = (await house.post("/v1/second-factor", {}, **me)).json()
    codes = pyotp.TOTP(made["secret"])
    await house.post("/v1/second-factor/letters", {}, **me)
    mailed, earlier = await house.code(), codes.at(now() - timedelta(seconds=30))

    async def ask(method: str, path: str, code: str, **known: str) -> Any:
        async with house.client(**me) as client:
            body = {"code": code, **known}
            return await client.request(method, f"/v1/second-factor{path}", json=body)

    changes = [("PUT", "", earlier), ("PUT", "/email", mailed), ("DELETE", "", codes.at(now()))]
    changes.append(("POST", "/recovery-codes", codes.at(now())))
    for change in changes[:2]:
        missing, wrong = await ask(*change), await ask(*change, current_password="a guess")
        for refused in (missing, wrong):
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/body/current_password"
    assert (await house.sign_in()).status_code == 201

    assert (await ask(*changes[0], **KNOWN)).status_code == 200
    for change in changes[2:]:
        wrong = await ask(*change, current_password="a guess")
        assert wrong.json()["type"] == "/problems/wrong-password"
    assert (await house.sign_in()).status_code == 202
    guesses = [await ask(*changes[2], current_password="a guess") for _ in range(6)]
    assert guesses[-1].status_code == 429


async def test_what_is_over_is_forgotten(house: House, monkeypatch: pytest.MonkeyPatch):
    user_id = await house.join()
    me = house.as_of((await house.sign_in()).json())
    await protect(house, me)
    assert (await house.sign_in()).status_code == 202

    async def wake() -> dict[str, int]:
        kept = {}
        for job in house.identity.timers():
            assert isinstance(job, Timer)
            for one in await job.collection.select({}):
                await house.service.committer.keep(job.wake(one))
            kept[job.collection.name] = len(await job.collection.select({}))
        return {name: many for name, many in kept.items() if many}

    ours = {"logins": 1, "accounts": 1}
    assert await wake() == ours | {"attempts": 3, "challenges": 1, "sessions": 1, "efforts": 1}
    later = now() + timedelta(days=31)
    monkeypatch.setattr("services.users.identity.now", lambda: later)
    assert await wake() == ours
    assert (await house.identity.accounts.get(user_id)).session_ids == ()


async def test_signing_in_again_needs_no_care_for_idempotency_keys(house: House):
    user_id = await house.join()
    async with house.client(user_id=user_id, session_id="s") as client:
        client.headers["idempotency-key"] = "one-and-the-same"
        asked = {"email": EMAIL, "password": PASSWORD}
        answers = [await client.post("/v1/sessions", json=asked) for _ in range(2)]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["refresh_token"] != answers[1].json()["refresh_token"]


async def test_a_password_is_looked_at_whether_or_not_there_is_an_account(house: House):
    await house.join()
    await house.register("omar@example.org")
    for email in (EMAIL, "omar@example.org", "nobody@example.org"):
        house.passwords.hashed = 0
        await house.sign_in(email, "not this one")
        await house.register(email)
        assert house.passwords.hashed == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/sessions", {"email": EMAIL}),
        ("/v1/sessions", {"email": EMAIL, "password": {"$ne": ""}}),
        ("/v1/sessions", {"email": [EMAIL], "password": PASSWORD}),
        ("/v1/sessions/challenge", {"challenge": "x", "code": "12345"}),
        ("/v1/sessions/challenge", {"challenge": "x", "code": "١٢٣٤٥٦"}),
        ("/v1/sessions/challenge", {"challenge": "x" * 500, "code": "123456"}),
        ("/v1/sessions/refresh", {"refresh_token": None}),
        ("/v1/sessions/refresh", []),
    ],
)
async def test_a_wrong_body_is_refused(house: House, path: str, body: Any):
    answer = await house.post(path, body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_code_by_letter_stands_before_the_session_too(house: House):
    await house.join()
    me = house.as_of((await house.sign_in()).json())
    assert (await house.post("/v1/second-factor/letters", {}, **me)).status_code == 202
    code = KNOWN | {"code": await house.code()}
    on = await house.put("/v1/second-factor/email", code, **me)
    assert (on.status_code, on.json()) == (200, {"on": True})

    challenged = (await house.sign_in()).json()
    assert challenged["method"] == "email"
    answer = {"challenge": challenged["challenge"], "code": await house.code()}
    assert (await house.post("/v1/sessions/challenge", answer)).status_code == 401
    again = {"challenge": challenged["challenge"]}
    assert (await house.post("/v1/sessions/challenge/letters", again)).status_code == 202
    answer["code"] = await house.code()
    right = [(await house.post("/v1/sessions/challenge", answer)).status_code for _ in range(2)]

    assert right == [201, 401]
    assert (await house.post("/v1/sessions/challenge/letters", again)).status_code == 401
    rows = await house.service.journal.rows.find({}).to_list(None)
    assert not [row for row in rows if answer["code"].encode() in bytes(row["data"])]


async def test_letters_with_codes_are_few(house: House):
    await house.join()
    me = house.as_of((await house.sign_in()).json())

    asked = [await house.post("/v1/second-factor/letters", {}, **me) for _ in range(11)]

    assert [one.status_code for one in asked] == [202] * 10 + [429]


async def test_a_second_factor_turned_on_while_a_password_is_looked_at_is_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    user_id, check = await house.join(), house.passwords.check

    async def slowly(password: str, hash: str) -> tuple[bool, str]:
        await house.identity.accounts.change(
            user_id, lambda account: Change(account and replace(account, email_codes=True))
        )
        return await check(password, hash)

    monkeypatch.setattr(house.passwords, "check", slowly)

    answers = [await house.sign_in() for _ in range(2)]

    assert [one.status_code for one in answers] == [503, 202]
    assert answers[0].json()["type"] == "/problems/account-moved"
    assert await house.identity.sessions.select({}) == []


async def test_a_recovery_code_stands_in_once(house: House):
    await house.join()
    me = house.as_of((await house.sign_in()).json())
    codes = await protect(house, me)
    shown = KNOWN | {"code": codes.at(now())}
    made = await house.post("/v1/second-factor/recovery-codes", shown, **me)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    [first, *others] = made.json()["codes"]
    assert len({first, *others}) == 10
    account = await house.identity.accounts.get(me["user_id"])
    assert first not in str(account)
    assert codes.secret not in str(account)

    async def sign_in(code: str) -> int:
        challenge = (await house.sign_in()).json()["challenge"]
        asked = {"challenge": challenge, "code": code}
        return (await house.post("/v1/sessions/challenge", asked)).status_code

    assert [await sign_in(one) for one in (first, first, others[0])] == [201, 401, 201]
    assert (await house.get("/v1/me", **me)).json()["security"]["recovery_codes"] == 8


async def test_nobody_is_erased_who_follows_the_link(house: House, monkeypatch: pytest.MonkeyPatch):
    user_id = await house.join()
    await house.register("omar@example.org")

    async def wake() -> None:
        for job in house.identity.timers():
            assert isinstance(job, Timer)
            for one in await job.collection.select({}):
                await house.service.committer.keep(job.wake(one))

    later = now() + timedelta(days=8)
    monkeypatch.setattr("services.users.identity.now", lambda: later)
    for _ in range(2):
        await wake()

    [account] = await house.identity.accounts.select({})
    assert account.id == user_id
    assert len(await house.identity.logins.select({})) == 1
    assert len(await house.told("person-erased")) == 1
    assert (await house.register("omar@example.org")).status_code == 202
    assert len(await house.identity.accounts.select({})) == 2
