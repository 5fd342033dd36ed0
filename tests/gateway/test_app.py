"""The whole gateway, on a real database: what it hears, what operators see, what one can read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fastapi import APIRouter

from contracts.users import SessionRevoked
from kit.clock import now
from kit.frame import consistency_token
from kit.http import Person
from kit.journal import SLICES
from kit.record import Record
from kit.service import Service
from kit.settings import Settings
from kit.tasks import ended
from kit.workers import GRACE
from services.gateway.main import build
from services.gateway.settings import GatewaySettings
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.gateway.doors import PUBLIC_KEY, Upstream, an_access_token, serving

OPERATOR = an_access_token(sub="op", sid="s-op", roles=["operator"])
OTHERS = ("approvals", "notifications", "structures", "support", "users")


class Gateway:
    """One process of the gateway, without Kafka."""

    def __init__(self, service: Service, url: str, client: aiohttp.ClientSession) -> None:
        self.service, self._url, self._client = service, url, client

    async def ask(self, path: str, *, token: str = "", **said: Any) -> aiohttp.ClientResponse:
        headers = said.pop("headers", {})
        if token:
            headers = headers | {"Authorization": f"Bearer {token}"}
        method = said.pop("method", "GET")
        answer = await self._client.request(method, self._url + path, headers=headers, **said)
        await answer.read()
        return answer

    def beat(self) -> None:
        for n in range(SLICES):
            self.service.heard.beat(f"users.events/{n}", now())

    async def hear(self, session_id: str, until: datetime) -> None:
        event = SessionRevoked(session_id=session_id, user_id="u1", expires_at=until)
        value = event.model_dump_json().encode()
        headers = {"ce_id": session_id, "ce_type": SessionRevoked.type, "ce_position": "1"}
        record = Record("users.events", 3, 0, session_id, headers, value)
        assert not await self.service.bus.hear([record])


@asynccontextmanager
async def a_gateway(mongo_url: str, upstream: Upstream, **but: Any) -> AsyncIterator[Gateway]:
    known = settings_for(
        mongo_url,
        database_prefix="kept-",
        access_public_key=PUBLIC_KEY,
        kafka="127.0.0.1:9",
    )
    settings = GatewaySettings(
        **known | {"upstreams": dict.fromkeys(OTHERS, upstream.url), "rights_max_age": 30} | but
    )
    service = Service("gateway", settings)
    app = build(service)
    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    try:
        async with serving(app) as port, aiohttp.ClientSession() as client:
            gateway = Gateway(service, f"http://127.0.0.1:{port}", client)
            gateway.beat()
            yield gateway
    finally:
        await ended([keeping], again=GRACE + 2)
        await forget_whole(service)
        await service.mongo.close()


@pytest.fixture
async def gateway(mongo_url: str, upstream: Upstream) -> AsyncIterator[Gateway]:
    async with a_gateway(mongo_url, upstream) as one:
        yield one


class TestRevokedSessions:
    async def test_are_refused_at_once_where_it_was_heard(self, gateway: Gateway) -> None:
        token = an_access_token()
        assert (await gateway.ask("/v1/me", token=token)).status == 200
        await gateway.hear("s1", now() + timedelta(minutes=5))
        await gateway.hear("s1", now() + timedelta(minutes=5))
        assert (await gateway.ask("/v1/me", token=token)).status == 401
        assert (await gateway.ask("/v1/me", token=an_access_token(sid="s2"))).status == 200

    async def test_are_refused_though_the_event_cannot_be_read(self, gateway: Gateway) -> None:
        headers = {"ce_id": "e1", "ce_type": SessionRevoked.type, "ce_position": "1"}
        record = Record("users.events", 3, 0, "s1", headers, b"{}")
        await gateway.service.bus.hear([record])
        assert (await gateway.ask("/v1/me", token=an_access_token())).status == 401

    async def test_are_refused_soon_after_everywhere_else(
        self, gateway: Gateway, mongo_url: str, upstream: Upstream
    ) -> None:
        prefix = gateway.service.settings.database_prefix
        async with a_gateway(mongo_url, upstream, database_prefix=prefix) as other:
            token = an_access_token()
            assert (await other.ask("/v1/me", token=token)).status == 200
            await gateway.hear("s1", now() + timedelta(minutes=5))
            await asyncio.sleep(0.6)
            assert (await other.ask("/v1/me", token=token)).status == 401

    async def test_nobody_comes_in_when_users_is_no_longer_heard(
        self, mongo_url: str, upstream: Upstream
    ) -> None:
        token = an_access_token()
        async with a_gateway(mongo_url, upstream, rights_max_age=1) as gateway:
            assert (await gateway.ask("/v1/me", token=token)).status == 200
            await asyncio.sleep(1.2)
            assert (await gateway.ask("/v1/me", token=token)).status == 503
            assert (await gateway.ask("/v1/sessions", method="POST", json={})).status == 200
            gateway.beat()
            assert (await gateway.ask("/v1/me", token=token)).status == 200

    async def test_are_forgotten_by_the_database(self, gateway: Gateway) -> None:
        indexes = await gateway.service.mongo["revocations"].index_information()
        assert indexes["expires_at_1"]["expireAfterSeconds"] == 0


class TestOperations:
    async def test_health_is_that_of_every_service(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        upstream.answer = lambda _: web.json_response(
            {"service": "users", "ready": True, "wrong": []}
        )
        told = await (await gateway.ask("/v1/ops/health", token=OPERATOR)).json()
        assert [one["service"] for one in told["services"]].count("users") == len(OTHERS)
        assert told["services"][0] == {
            "service": "gateway",
            "ready": False,
            "wrong": ["nothing is heard from Kafka yet"],
        }
        assert not told["ready"]

    async def test_a_silent_service_is_said_to_be_silent(
        self, mongo_url: str, upstream: Upstream
    ) -> None:
        silent = dict.fromkeys(OTHERS, upstream.url) | {"support": "http://127.0.0.1:9"}
        upstream.answer = lambda _: web.json_response({"items": [], "next": None})
        async with a_gateway(mongo_url, upstream, upstreams=silent) as gateway:
            told = await (await gateway.ask("/v1/ops/parked", token=OPERATOR)).json()
            assert told == {"items": [], "next": None, "silent": ["support"]}
            told = await (await gateway.ask("/v1/ops/lag", token=OPERATOR)).json()
            assert told["silent"] == ["support"]
            assert told["services"][0]["service"] == "gateway"

    async def test_what_is_parked_is_listed_whole_page_by_page(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        def parked(request: web.Request) -> web.Response:
            size, cursor = int(request.query["size"]), request.query["cursor"]
            rest = [{"id": f"users.events/3/{n}"} for n in range(5)]
            rest = [one for one in rest if one["id"] > cursor]
            following = rest[size - 1]["id"] if len(rest) > size else None
            return web.json_response({"items": rest[:size], "next": following})

        upstream.answer = parked
        seen, cursor = [], ""
        while True:
            path = f"/v1/ops/parked?size=2&cursor={cursor}"
            told = await (await gateway.ask(path, token=OPERATOR)).json()
            assert len(told["items"]) <= 2
            seen += [one["id"] for one in told["items"]]
            if told["next"] is None:
                break
            cursor = told["next"]
        assert seen == [f"{name}:users.events~3~{n}" for name in OTHERS for n in range(5)]

    async def test_a_parked_event_is_retried_and_discarded_where_it_is(
        self, gateway: Gateway, upstream: Upstream
    ) -> None:
        path = "/v1/ops/parked/users:users.events~3~17"
        answer = await gateway.ask(f"{path}/retry", method="POST", token=OPERATOR)
        assert answer.status == 200
        assert upstream.last.path == "/ops/parked/users.events/3/17/retry"
        assert upstream.caller_with(gateway.service.settings).operator
        why = {"reason": "it is mended elsewhere"}
        await gateway.ask(f"{path}/discard", method="POST", token=OPERATOR, json=why)
        assert upstream.last.path == "/ops/parked/users.events/3/17/discard"
        assert b"mended elsewhere" in upstream.bodies[-1]

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("users:1/discard", {}, 422),
            ("users:1/discard", {"reason": ""}, 422),
            ("nobody:1/retry", None, 404),
            ("gateway:1/retry", None, 404),
            ("gateway:1/discard", {"reason": "because"}, 404),
            ("1/retry", None, 422),
        ],
    )
    async def test_what_cannot_be_settled(
        self, gateway: Gateway, upstream: Upstream, path: str, body: Any, status: int
    ) -> None:
        answer = await gateway.ask(
            f"/v1/ops/parked/{path}", method="POST", token=OPERATOR, json=body
        )
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        assert not upstream.asked

    @pytest.mark.parametrize("query", ["cursor=nobody:1", "size=0", "size=501", "size=x"])
    async def test_a_page_of_nothing(self, gateway: Gateway, query: str) -> None:
        assert (await gateway.ask(f"/v1/ops/parked?{query}", token=OPERATOR)).status == 422


class TestBehindTheGateway:
    @pytest.fixture
    async def users(self, mongo_url: str) -> AsyncIterator[str]:
        known = settings_for(
            mongo_url, database_prefix="kept-", kafka="127.0.0.1:9", consistency_patience=0.2
        )
        service, routes = Service("users", Settings(**known)), APIRouter()

        @routes.get("/v1/me")
        async def me(caller: Person) -> list[str]:
            return [caller.user_id, caller.session_id, caller.address]

        app = service.app(routes)
        await service.prepare()
        async with serving(app) as port:
            yield f"http://127.0.0.1:{port}"
        await forget_whole(service)
        await service.mongo.close()

    async def test_a_service_believes_the_word_of_the_gateway_and_no_other(
        self, mongo_url: str, upstream: Upstream, users: str
    ) -> None:
        upstreams = dict.fromkeys(OTHERS, upstream.url) | {"users": users}
        async with a_gateway(mongo_url, upstream, upstreams=upstreams) as gateway:
            answer = await gateway.ask("/v1/me", token=an_access_token())
            assert await answer.json() == ["u1", "s1", "127.0.0.1"]
            assert (await gateway.ask("/v1/me", method="PUT", token=OPERATOR)).status == 405
        async with aiohttp.ClientSession() as client:
            said = {"Authorization": f"Bearer {an_access_token()}"}
            assert (await client.get(f"{users}/v1/me", headers=said)).status == 401

    async def test_a_token_of_rows_that_were_never_written_is_refused(
        self, mongo_url: str, upstream: Upstream, users: str
    ) -> None:
        upstreams = dict.fromkeys(OTHERS, upstream.url) | {"users": users}
        said = {"Consistency-Token": consistency_token("users", ["0" * 32])}
        async with a_gateway(mongo_url, upstream, upstreams=upstreams) as gateway:
            answer = await gateway.ask("/v1/approvals", token=an_access_token(), headers=said)
            assert answer.status == 422


class TestPages:
    async def test_the_description_is_open_to_all(self, gateway: Gateway) -> None:
        told = await (await gateway.ask("/openapi.json")).json()
        assert told["openapi"].startswith("3.1")
        assert "/v1/ops/health" in told["paths"]

    async def test_the_front_page_leads_to_the_documentation(self, gateway: Gateway) -> None:
        answer = await gateway.ask("/", allow_redirects=False)
        assert (answer.status, answer.headers["location"]) == (307, "/docs")

    async def test_the_page_may_apply_its_own_style_only(self, gateway: Gateway) -> None:
        answer = await gateway.ask("/docs")
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith(
            "default-src 'none'; style-src 'sha256-"
        )
        assert "/v1/ops/health" in await answer.text()

    async def test_probes_are_open_and_the_rest_is_not(self, gateway: Gateway) -> None:
        assert (await gateway.ask("/livez")).status == 200
        assert (await gateway.ask("/readyz")).status == 503
        assert (await gateway.ask("/ops/health", token=OPERATOR)).status == 404
        assert (await gateway.ask("/internal/positions?rows=1", token=OPERATOR)).status == 404


class TestBodies:
    @pytest.mark.parametrize(
        "body", [b"{", b"\xff\xfe", b"[" * 5_000, b"null", b"\x00", b'"\\ud800"']
    )
    async def test_a_body_nobody_can_read_is_never_our_fault(
        self, gateway: Gateway, body: bytes
    ) -> None:
        answer = await gateway.ask(
            "/v1/ops/parked/users:1/discard", method="POST", token=OPERATOR, data=body
        )
        assert 400 <= answer.status < 500
