"""A read that brings back the token of a write has seen that write."""

import pytest
from aiohttp import web

from kit.frame import consistency_token
from tests.gateway.doors import Door, Upstream, an_access_token

TOKEN = an_access_token()
WRITTEN = consistency_token("users", ["0123456789abcdef", "fedcba9876543210"])


def positions(request: web.Request) -> web.Response:
    if request.path == "/internal/positions":
        return web.json_response({"positions": {"users.events/3": 17, "users.events/4": 2}})
    return web.json_response({})


class TestConsistencyToken:
    async def test_is_resolved_by_the_service_that_wrote(
        self, door: Door, upstream: Upstream
    ) -> None:
        upstream.answer = positions
        said = {"Consistency-Token": WRITTEN}
        assert (await door.ask("GET", "/v1/approvals", token=TOKEN, headers=said)).status == 200
        asked, answered = upstream.asked
        assert asked.path_qs == "/internal/positions?rows=0123456789abcdef,fedcba9876543210"
        told = answered.headers["Consistency-Positions"]
        assert told == "users.events/3=17,users.events/4=2"

    async def test_is_resolved_once(self, door: Door, upstream: Upstream) -> None:
        upstream.answer = positions
        for _ in range(3):
            said = {"Consistency-Token": WRITTEN}
            await door.ask("GET", "/v1/approvals", token=TOKEN, headers=said)
        assert [one.path for one in upstream.asked].count("/internal/positions") == 1
        assert "Consistency-Positions" in upstream.last.headers

    async def test_says_nothing_new_to_the_service_that_wrote(
        self, door: Door, upstream: Upstream
    ) -> None:
        said = {"Consistency-Token": WRITTEN}
        assert (await door.ask("GET", "/v1/me", token=TOKEN, headers=said)).status == 200
        [answered] = upstream.asked
        assert "Consistency-Positions" not in answered.headers

    async def test_that_nobody_made_is_refused(self, door: Door, upstream: Upstream) -> None:
        for hostile in ("x", consistency_token("nobody", []), consistency_token("users", ["a,b"])):
            said = {"Consistency-Token": hostile}
            answer = await door.ask("GET", "/v1/approvals", token=TOKEN, headers=said)
            assert answer.status == 422
            assert (await answer.json())["errors"][0]["pointer"] == "/header/consistency-token"
        assert not upstream.asked

    @pytest.mark.parametrize(("said", "status"), [(404, 422), (503, 503), (500, 503), (401, 503)])
    async def test_that_its_service_does_not_resolve(
        self, door: Door, upstream: Upstream, said: int, status: int
    ) -> None:
        upstream.answer = lambda _: web.json_response({}, status=said)
        headers = {"Consistency-Token": WRITTEN}
        answer = await door.ask("GET", "/v1/approvals", token=TOKEN, headers=headers)
        assert answer.status == status
        assert len(upstream.asked) == 1
