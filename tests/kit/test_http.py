"""What every service promises over HTTP."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import StreamingResponse
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import BaseModel, Field
from pymongo.errors import ServerSelectionTimeoutError
from structlog.testing import capture_logs

from kit.bus import Subscriptions
from kit.clock import now
from kit.http import IfMatch, Operator, Person, etag, may_answer, new_entity_id
from kit.internal import Caller, sign
from kit.journal import SLICES
from kit.mongo import IndexModel
from kit.pages import Page, PageAsked, page
from kit.service import Service
from kit.settings import Settings
from tests.calling import Client
from tests.conftest import settings_for
from tests.counters import Counted, Counter, TooMuch, count
from tests.forgetting import forget_all
from tests.kit.conftest import keeping

LEA, OPS = Caller(user_id="u-lea"), Caller(user_id="u-ops", operator=True)


class Counting(BaseModel):
    by: int = Field(ge=1, le=100)
    note: str = Field(default="", max_length=20)


@pytest.fixture(scope="module")
async def built(mongo_url: str) -> AsyncIterator[Service]:
    """Built once: what is promised here does not depend on the driver."""
    service = Service("trial", Settings(**settings_for(mongo_url), consistency_patience=0.2))
    service.app_of_routes = app_of(service)
    async with keeping(service):
        yield service
    await service.mongo.drop()
    await service.mongo.close()


@pytest.fixture
async def service(built: Service) -> Service:
    await forget_all(built, "heard")
    await built.mongo["slices"].update_many({}, {"$set": {"last": 0}})
    built.heard._patience = 3
    return built


@pytest.fixture
def call(service: Service) -> Client:
    return Client(service.app_of_routes, LEA)


def app_of(service: Service) -> FastAPI:
    counters = service.collection("counters", Counter, indexes=[IndexModel([("n", 1), ("_id", 1)])])
    routes = APIRouter(prefix="/v1/counters")

    @routes.post("", status_code=201, responses=may_answer(TooMuch))
    async def begin(asked: Counting, caller: Person) -> dict[str, str | int]:
        id = new_entity_id()
        kept = await counters.change(id, count(id, asked.by, most=50, note=asked.note))
        return {"id": kept.id, "n": kept.n}

    @routes.get("")
    async def every(caller: Person, asked: PageAsked) -> Page[str]:
        found, following = await page(counters, {}, asked, by="n", descending=False)
        return Page(items=[one.id for one in found], next=following)

    @routes.put("/{id}")
    async def add(id: str, asked: Counting, caller: Person, answer: Response, seen: IfMatch) -> int:
        kept = await counters.change(id, count(id, asked.by), if_match=seen)
        etag(answer, kept.version)
        return kept.n

    @routes.post("/parts")
    async def parts(caller: Person) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(50):
                await asyncio.sleep(0)
                yield b"x"

        return StreamingResponse(parts())

    @routes.get("/named/{id}")
    async def one(id: str, caller: Person) -> str:
        return (await counters.get(id)).id

    @routes.get("/broken")
    async def broken(caller: Person) -> None:
        raise RuntimeError("the secret of the house")

    @routes.get("/closed")
    async def closed(caller: Operator) -> str:
        return "open"

    on = Subscriptions()
    on(Counted)(lambda event: None)
    return service.app(routes, hears=on)


class TestProblems:
    async def test_name_the_wrong_field(self, call: Client):
        wrong = await call("POST", "/v1/counters", json={"by": "many"})

        assert wrong.status_code == 422
        assert wrong.headers["content-type"] == "application/problem+json"
        assert wrong.json()["errors"][0]["pointer"] == "/body/by"

    async def test_are_the_refusals_of_a_decision(self, call: Client):
        refused = await call("POST", "/v1/counters", json={"by": 99})

        assert refused.status_code == 409
        assert refused.json() == {
            "type": "/problems/too-much",
            "title": "It does not count that far.",
            "status": 409,
            "n": 0,
            "instance": "/v1/counters",
        }

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"[]",
            b'{"by": NaN}',
            b'{"by": 1, "note": "\\ud800"}',
            b'{"by": 1, "other": "\xed\xa0\x80"}',
            b"[" * 5000,
        ],
    )
    async def test_answer_what_cannot_be_read(self, call: Client, content: bytes):
        headers = {"content-type": "application/json"}
        wrong = await call("POST", "/v1/counters", content=content, headers=headers)

        assert wrong.status_code in (400, 422)
        assert wrong.headers["content-type"] == "application/problem+json"

    async def test_tell_nothing_of_what_was_not_foreseen(self, call: Client):
        broken = await call("GET", "/v1/counters/broken")

        assert broken.status_code == 500
        assert "secret" not in broken.text
        assert broken.json()["correlation_id"] == broken.headers["x-correlation-id"]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/nothing", 404),
            ("DELETE", "/v1/counters", 405),
            ("GET", "/v1/counters/", 404),
        ],
    )
    async def test_answer_for_paths_and_methods(self, call: Client, method, path, status):
        answer = await call(method, path)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_name_a_parameter_that_there_is_not(self, call: Client):
        wrong = await call("GET", "/v1/counters?size=4&Size=5")

        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["pointer"] == "/query/Size"
        assert (await call("GET", "/v1/counters?size=4&cursor=")).status_code == 200

    async def test_answer_for_a_body_too_large(self, call: Client):
        large = await call("POST", "/v1/counters", content=b"x" * 1_000_001)

        assert large.status_code == 413

    async def test_answer_for_a_body_too_large_that_did_not_say_so(self, call: Client):
        async def parts():
            for _ in range(11):
                yield b"x" * 100_000

        assert (await call("POST", "/v1/counters", content=parts())).status_code == 413


def cursor_of(*place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def forged(**but) -> str:
    claims = {
        "aud": "chorale-internal",
        "exp": int((now() + timedelta(seconds=30)).timestamp()),
        "sub": "u-lea",
        "sid": "",
        "op": True,
        "cid": "",
        "scp": [],
        "str": [],
    }
    return jwt.encode({"alg": "HS256"}, claims | but, OctKey.import_key("another key" * 4))


class TestBody:
    async def test_is_followed_by_silence_until_the_client_goes(self, call: Client):
        """An answer in parts would be cut short by a client believed to be gone."""
        answer = await call("POST", "/v1/counters/parts", content=b"x")

        assert answer.text == "x" * 50

    async def test_is_not_understood_while_mongo_is_away(self, call: Client, service, monkeypatch):
        def away(*_):
            raise ServerSelectionTimeoutError

        monkeypatch.setattr(service.collections[0], "load", away)
        with capture_logs() as said:
            answer = await call("GET", "/v1/counters/named/one")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        # A path may be a secret: what is logged is how it is declared.
        assert {"/v1/counters/named/{id}"} == {one["route"] for one in said}
        assert "named/one" not in str(said)


class TestCaller:
    @pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c"])
    async def test_is_who_the_gateway_says(self, call: Client, token: str):
        answer = await call("GET", "/v1/counters", headers={"authorization": token})

        assert answer.status_code == 401

    async def test_is_not_who_a_stranger_says(self, call: Client):
        headers = {"authorization": f"Bearer {forged()}"}

        assert (await call("GET", "/v1/counters", headers=headers)).status_code == 401

    async def test_is_nobody_once_the_word_is_too_old(self, call: Client):
        old = sign(LEA, call._key, at=now() - timedelta(minutes=5))
        headers = {"authorization": f"Bearer {old}"}

        assert (await call("GET", "/v1/counters", headers=headers)).status_code == 401

    async def test_must_be_an_operator_where_it_says_so(self, call: Client):
        assert (await call("GET", "/v1/counters/closed")).status_code == 403
        assert (await call.by(OPS)("GET", "/v1/counters/closed")).status_code == 200
        assert (await call.by(Caller())("GET", "/v1/counters")).status_code == 401


class TestIdempotencyKey:
    async def test_is_answered_as_the_first_time(self, call: Client):
        ask = {"json": {"by": 5}, "headers": {"idempotency-key": "k-1"}}
        first, again = [await call("POST", "/v1/counters", **ask) for _ in range(2)]

        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["consistency-token"] == first.headers["consistency-token"]

    async def test_makes_one_thing_of_many_at_once(self, call: Client):
        ask = {"json": {"by": 5}, "headers": {"idempotency-key": "k-1"}}
        answers = await asyncio.gather(*(call("POST", "/v1/counters", **ask) for _ in range(20)))

        assert {one.status_code for one in answers} == {201}
        assert {one.json()["id"] for one in answers} == {answers[0].json()["id"]}
        assert {one.json()["n"] for one in answers} == {5}

    async def test_answers_from_the_state_when_killed_before_the_answer_was_kept(
        self, call: Client, service: Service
    ):
        ask = {"json": {"by": 5}, "headers": {"idempotency-key": "k-1"}}
        first = await call("POST", "/v1/counters", **ask)
        await service.mongo["once"].update_many({}, {"$unset": {"status": "", "content": ""}})

        assert (await call("POST", "/v1/counters", **ask)).json() == first.json()

    async def test_is_refused_for_another_body(self, call: Client):
        headers = {"idempotency-key": "k-1"}
        await call("POST", "/v1/counters", json={"by": 5}, headers=headers)
        other = await call("POST", "/v1/counters", json={"by": 6}, headers=headers)

        assert other.status_code == 422
        assert other.json()["type"] == "/problems/idempotency-key-reused"

    async def test_is_refused_for_another_query(self, call: Client):
        ask = {"json": {"by": 5}, "headers": {"idempotency-key": "k-1"}}
        await call("POST", "/v1/counters", **ask)

        assert (await call("POST", "/v1/counters?by=6", **ask)).status_code == 422

    async def test_is_each_caller_s_own(self, call: Client):
        ask = {"json": {"by": 5}, "headers": {"idempotency-key": "k-1"}}
        mine = await call("POST", "/v1/counters", **ask)
        theirs = await call.by(OPS)("POST", "/v1/counters", **ask)

        assert mine.json()["id"] != theirs.json()["id"]

    @pytest.mark.parametrize("key", ["", " ", "é", "k" * 256])
    async def test_is_short_and_plain(self, call: Client, key: str):
        headers = {"idempotency-key": key.encode()}
        wrong = await call("POST", "/v1/counters", json={"by": 5}, headers=headers)

        assert wrong.status_code == 422

    async def test_names_something_else_once_it_was_forgotten(self, call: Client, service: Service):
        headers = {"idempotency-key": "k-1"}
        first = await call("POST", "/v1/counters", json={"by": 5}, headers=headers)
        await service.mongo["once"].delete_many({})  # a day later
        other = await call("POST", "/v1/counters", json={"by": 6}, headers=headers)

        assert other.json()["id"] != first.json()["id"]


class TestEtag:
    async def test_guards_a_change(self, call: Client):
        first = await call("PUT", "/v1/counters/a", json={"by": 1})
        headers = {"if-match": first.headers["etag"]}
        await call("PUT", "/v1/counters/a", json={"by": 1}, headers=headers)
        late = await call("PUT", "/v1/counters/a", json={"by": 1}, headers=headers)

        assert late.status_code == 412

    async def test_must_be_one_of_ours(self, call: Client):
        headers = {"if-match": '"x"'}

        assert (
            await call("PUT", "/v1/counters/a", json={"by": 1}, headers=headers)
        ).status_code == 422


class TestPage:
    async def test_is_complete_and_in_order(self, call: Client):
        for n in range(23):
            await call("PUT", f"/v1/counters/c{n:02}", json={"by": n % 3 + 1})
        seen, cursor = [], ""
        while cursor is not None:
            answer = (await call("GET", f"/v1/counters?size=4&cursor={cursor}")).json()
            seen, cursor = seen + answer["items"], answer["next"]

        assert seen == sorted((f"c{n:02}" for n in range(23)), key=lambda id: (int(id[1:]) % 3, id))

    @pytest.mark.parametrize(
        "query", ["size=0", "size=-1", "size=501", "size=9" + "9" * 30, "size=x"]
    )
    async def test_is_of_a_sensible_size(self, call: Client, query: str):
        assert (await call("GET", f"/v1/counters?{query}")).status_code == 422

    @pytest.mark.parametrize(
        "cursor",
        ["x", "%00", "W10", "eyIkZ3QiOiAxfQ", "WyJfaWQiLCAidiIsIDEsICJhIl0", "a" * 501,
         "WyJuIiwgInYiLCB7IiRndCI6IDF9LCAiYSJd",
         cursor_of("n", "v", 1, "\ud800"), cursor_of("n", "v", "\ud800", "a"),
         cursor_of("n", "t", "0001-01-01T00:00:00+14:00", "a"),
         cursor_of("n", {"$gt": ""}, 1, "a"), cursor_of("n", "x", 1, "a")],
    )  # fmt: skip
    async def test_begins_at_cursors_of_ours_only(self, call: Client, cursor: str):
        assert (await call("GET", f"/v1/counters?cursor={cursor}")).status_code == 422


class TestConsistency:
    async def test_token_names_what_was_told(self, call: Client, service: Service):
        answer = await call("POST", "/v1/counters", json={"by": 1})
        [row] = await service.journal.rows.find().to_list(None)

        assert answer.headers["consistency-token"]
        positions = await call("GET", f"/internal/positions?rows={row['_id']}")
        # Nobody publishes it here; that it is nowhere yet must not pass for heard everywhere.
        assert (positions.status_code, positions.json()["type"]) == (503, "/problems/not-told-yet")

        given = await service.journal.position(dict.fromkeys(range(SLICES), 0), 10)
        found = await call("GET", f"/internal/positions?rows={row['_id']}")
        assert found.json() == {"positions": {f"trial.events/{given[0]['slice']}": 1}}
        assert (await call("GET", "/internal/positions?rows=nothing")).status_code == 404

    async def test_makes_a_read_wait_for_what_it_names(self, call: Client, service: Service):
        headers = {"consistency-positions": "trial.events/3=7"}
        reading = asyncio.create_task(call("GET", "/v1/counters", headers=headers))
        await asyncio.sleep(0.1)
        assert not reading.done()

        await service.mongo["heard"].insert_one({"_id": "trial.events/3", "last": 7})
        assert (await reading).status_code == 200

    async def test_does_not_wait_for_what_is_never_heard_here(self, call: Client):
        headers = {"consistency-positions": "strangers.events/3=7"}
        assert (await call("GET", "/v1/counters", headers=headers)).status_code == 200

    async def test_does_not_wait_for_ever(self, call: Client, service: Service):
        service.heard._patience = 0.1
        headers = {"consistency-positions": "trial.events/3=7"}
        late = await call("GET", "/v1/counters", headers=headers)

        assert late.status_code == 503
        assert late.headers["retry-after"]
