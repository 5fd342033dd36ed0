"""What comes in, what is sent on, and what comes back, over real connections."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from tests.gateway.doors import (
    Door,
    Upstream,
    a_door,
    a_system_token,
    an_access_token,
)

TOKEN = an_access_token()
OPERATOR = an_access_token(sub="op", sid="s-op", roles=["operator"])


class TestWhoMayComeIn:
    @pytest.mark.parametrize(
        "path",
        [
            "/v1/accounts",
            "/v1/accounts/activation",
            "/v1/accounts/activation-links",
            "/v1/accounts/contact-confirmation",
            "/v1/accounts/login-cancellation",
            "/v1/accounts/login-confirmation",
            "/v1/sessions",
            "/v1/sessions/challenge",
            "/v1/sessions/challenge/letters",
            "/v1/sessions/refresh",
            "/v1/password-resets",
            "/v1/password-resets/confirmation",
            "/v1/tokens",
        ],
    )
    async def test_anyone_may_ask_for_credentials(
        self, door: Door, upstream: Upstream, path: str
    ) -> None:
        assert (await door.ask("POST", path, json={})).status == 200
        assert upstream.caller.id == ""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/sessions"),
            ("DELETE", "/v1/sessions"),
            ("POST", "/v1/sessions/mine"),
            ("PUT", "/v1/accounts/activation"),
            ("POST", "/v1/accounts/%61ctivation/x"),
            ("GET", "/v1/me"),
            ("POST", "/v1/structures"),
            ("GET", "/v1/structures/1"),
            ("GET", "/v1/approvals"),
            ("GET", "/v1/ops/health"),
            ("GET", "/v1/ops/letters"),
            ("OPTIONS", "/v1/me"),
            ("HEAD", "/v1/me"),
        ],
    )
    async def test_nobody_else_without_a_token(
        self, door: Door, upstream: Upstream, method: str, path: str
    ) -> None:
        answer = await door.ask(method, path)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert not upstream.asked

    @pytest.mark.parametrize("authorization", ["Basic dTpw", "Bearer", "Bearer ", "é", "x" * 9_000])
    async def test_nobody_with_anything_else_than_a_token(
        self, door: Door, upstream: Upstream, authorization: str
    ) -> None:
        answer = await door.ask("GET", "/v1/me", headers={"Authorization": authorization})
        assert answer.status == 401
        assert answer.content_type == "application/problem+json"
        assert not upstream.asked

    async def test_a_person_with_theirs(self, door: Door, upstream: Upstream) -> None:
        assert (await door.ask("GET", "/v1/me", token=TOKEN)).status == 200
        assert (upstream.caller.user_id, upstream.caller.session_id) == ("u1", "s1")
        assert not upstream.caller.operator

    async def test_a_system_only_where_systems_may(self, door: Door, upstream: Upstream) -> None:
        assert (await door.ask("GET", "/v1/structures", token=a_system_token())).status == 200
        assert upstream.caller.client_id == "c1"
        for path in ("/v1/me", "/v1/sessions", "/v1/approvals", "/v1/tickets", "/v1/ops/health"):
            assert (await door.ask("GET", path, token=a_system_token())).status == 403

    async def test_operators_alone_to_operations(self, door: Door, upstream: Upstream) -> None:
        assert (await door.ask("GET", "/v1/ops/letters", token=TOKEN)).status == 403
        assert (await door.ask("GET", "/v1/ops/health", token=TOKEN)).status == 403
        assert (await door.ask("GET", "/v1/ops/letters", token=OPERATOR)).status == 200
        assert upstream.caller.operator

    async def test_nobody_whose_session_was_revoked(self, door: Door, upstream: Upstream) -> None:
        assert (await door.ask("GET", "/v1/me", token=TOKEN)).status == 200
        door.sessions.revoked.add("s1")
        answer = await door.ask("GET", "/v1/me", token=TOKEN)
        assert answer.status == 401
        assert (await answer.json())["type"] == "/problems/session-ended"
        assert len(upstream.asked) == 1

    async def test_nobody_signed_in_while_revocations_may_be_unknown(
        self, door: Door, upstream: Upstream
    ) -> None:
        door.hearing.fresh = False
        answer = await door.ask("GET", "/v1/me", token=TOKEN)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert not upstream.asked
        assert (await door.ask("POST", "/v1/sessions", json={})).status == 200


class TestHowOften:
    async def test_counts_credentials_by_address(self, upstream: Upstream) -> None:
        async with a_door(upstream, credential_rate="3/minute") as door:
            answers = [await door.ask("POST", "/v1/sessions", json={}) for _ in range(4)]
            assert [one.status for one in answers] == [200, 200, 200, 429]
            assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20
            assert (await door.ask("GET", "/v1/me", token=TOKEN)).status == 200

    async def test_a_client_cannot_choose_its_address(self, upstream: Upstream) -> None:
        async with a_door(upstream, credential_rate="1/minute") as door:
            for n in range(2):
                said = {"X-Forwarded-For": f"192.0.2.{n}", "X-Client-Address": f"192.0.2.{n}"}
                answer = await door.ask("POST", "/v1/sessions", json={}, headers=said)
            assert answer.status == 429
            assert upstream.last.headers["X-Client-Address"] == "127.0.0.1"

    async def test_believes_a_trusted_proxy(self, upstream: Upstream) -> None:
        async with a_door(upstream, trusted_proxies=["127.0.0.0/8"]) as door:
            said = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
            await door.ask("POST", "/v1/sessions", json={}, headers=said)
            assert upstream.last.headers["X-Client-Address"] == "192.0.2.7"

    async def test_counts_each_caller(self, upstream: Upstream) -> None:
        async with a_door(upstream, caller_rate="2/minute") as door:
            answers = [await door.ask("GET", "/v1/me", token=TOKEN) for _ in range(3)]
            assert [one.status for one in answers] == [200, 200, 429]
            other = an_access_token(sub="u2", sid="s2")
            assert (await door.ask("GET", "/v1/me", token=other)).status == 200

    async def test_counts_tokens_that_are_guessed(self, upstream: Upstream) -> None:
        async with a_door(upstream, caller_rate="2/minute") as door:
            answers = [await door.ask("GET", "/v1/me", token=f"guess{n}") for n in range(3)]
            assert [one.status for one in answers] == [401, 401, 429]


class TestWhatIsSentOn:
    async def test_the_basic_credentials_of_a_client_where_they_serve(
        self, door: Door, upstream: Upstream
    ) -> None:
        said = {"Authorization": "Basic eDp5"}
        await door.ask("POST", "/v1/tokens", headers=said, data=b"grant_type=client_credentials")
        assert upstream.last.headers["X-Client-Authorization"] == "Basic eDp5"
        assert upstream.last.headers["Authorization"].startswith("Bearer ")

        await door.ask("POST", "/v1/accounts", headers=said, data=b"{}")
        assert "X-Client-Authorization" not in upstream.last.headers

    async def test_the_request_as_it_was(self, door: Door, upstream: Upstream) -> None:
        said = {
            "Accept": "text/csv",
            "Accept-Language": "fr",
            "Content-Type": "application/json",
            "If-Match": '"3"',
            "Idempotency-Key": "k1",
            "User-Agent": "caf\u00e9",
        }
        path = "/v1/structures?q=%2Amenuiserie%2A&q=a+b&x=%zz"
        await door.ask("PATCH", path, token=TOKEN, headers=said, data=b"\xff\x00{")
        assert (upstream.last.method, upstream.last.raw_path) == ("PATCH", path)
        assert upstream.bodies[-1] == b"\xff\x00{"
        for name in set(said) - {"User-Agent"}:
            assert upstream.last.headers[name] == said[name]

    async def test_nothing_a_client_could_say_who_it_is_with(
        self, door: Door, upstream: Upstream
    ) -> None:
        hostile = {
            "X-User": "root",
            "X-User-Id": "root",
            "X-Client-Address": "10.0.0.1",
            "X-Forwarded-For": "10.0.0.1",
            "Forwarded": "for=10.0.0.1",
            "Cookie": "a=b",
            "Consistency-Positions": "users.events/1=99999999",
            "Proxy-Authorization": "Basic x",
            "Connection": "close, Authorization, X-Client-Address",
            "TE": "trailers",
            "Host": "elsewhere.example",
            "Accept-Encoding": "gzip",
        }
        await door.ask("GET", "/v1/me", token=TOKEN, headers=hostile)
        kept = {name.lower() for name in upstream.last.headers}
        assert kept == {
            "authorization",
            "x-correlation-id",
            "x-client-address",
            "accept",
            "accept-encoding",
            "user-agent",
            "host",
        }
        assert upstream.last.headers["X-Client-Address"] == "127.0.0.1"
        assert TOKEN not in upstream.last.headers["Authorization"]
        assert upstream.last.headers["Accept-Encoding"] == "identity"
        assert upstream.last.host == upstream.url.removeprefix("http://")

    async def test_a_given_correlation_id_and_a_new_one_otherwise(
        self, door: Door, upstream: Upstream
    ) -> None:
        for given, kept in {"journey-0001": True, "short": False, "with space x": False}.items():
            said = {"X-Correlation-Id": given}
            answer = await door.ask("GET", "/v1/me", token=TOKEN, headers=said)
            sent = upstream.last.headers["X-Correlation-Id"]
            assert answer.headers["X-Correlation-Id"] == sent
            assert (sent == given) is kept
            assert len(sent) >= 8

    async def test_no_kind_of_body_that_was_not_said(self, door: Door, upstream: Upstream) -> None:
        await door.raw(
            b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\n{}"
        )
        assert "Content-Type" not in upstream.last.headers
        assert upstream.bodies == [b"{}"]

    async def test_one_word_for_many_requests(self, door: Door, upstream: Upstream) -> None:
        for _ in range(3):
            await door.ask("GET", "/v1/me", token=TOKEN)
        assert len({one.headers["Authorization"] for one in upstream.asked}) == 1


class TestWhatComesBack:
    async def test_the_answer_with_the_headers_that_are_for_clients(
        self, door: Door, upstream: Upstream
    ) -> None:
        told = {
            "ETag": '"1"',
            "Location": "/v1/structures/1",
            "Consistency-Token": "t",
            "Link": "</v1/x>; rel=next",
            "Content-Disposition": "attachment",
            "Retry-After": "3",
            "Idempotency-Replayed": "true",
        }
        kept_back = {"Server": "secret", "X-Internal": "secret", "Set-Cookie": "a=b"}
        upstream.answer = lambda _: web.Response(
            status=201, body=b"\x00\xff", headers=told | kept_back, content_type="text/csv"
        )
        answer = await door.ask("POST", "/v1/structures", token=TOKEN, json={})
        assert (answer.status, await answer.read()) == (201, b"\x00\xff")
        assert answer.content_type == "text/csv"
        assert told.items() <= {name: answer.headers.get(name) for name in told}.items()
        assert "secret" not in str(answer.headers)
        assert "Set-Cookie" not in answer.headers

    async def test_every_answer_is_careful(self, door: Door) -> None:
        for path in ("/v1/me", "/v1/nothing", "/docs", "/livez", "/nothing"):
            answer = await door.ask("GET", path, token=TOKEN)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]

    async def test_problems_of_services_as_they_are(self, door: Door, upstream: Upstream) -> None:
        upstream.answer = lambda _: web.json_response(
            {"status": 405}, status=405, content_type="application/problem+json"
        )
        answer = await door.ask("PUT", "/v1/me", token=TOKEN)
        assert (answer.status, answer.content_type) == (405, "application/problem+json")

    @pytest.mark.parametrize("status", [204, 304])
    async def test_an_answer_without_a_body(
        self, door: Door, upstream: Upstream, status: int
    ) -> None:
        upstream.answer = lambda _: web.Response(status=status, headers={"ETag": '"1"'})
        answer = await door.ask("GET", "/v1/me", token=TOKEN)
        assert (answer.status, await answer.read()) == (status, b"")

    async def test_a_redirection_is_not_followed(self, door: Door, upstream: Upstream) -> None:
        upstream.answer = lambda _: web.Response(status=303, headers={"Location": "/v1/other"})
        answer = await door.ask("GET", "/v1/me", token=TOKEN, allow_redirects=False)
        assert (answer.status, len(upstream.asked)) == (303, 1)


class TestBadInput:
    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/v1/accounts/../clients", 400),
            ("/v1/accounts/%2e%2e/clients", 400),
            ("/v1/accounts%2factivation", 400),
            ("/v1/accounts/%00", 400),
            ("/v1/accounts/%ff", 400),
            ("/v1//accounts", 400),
            ("/v1/me/", 404),
            ("/v1/nothing", 404),
            ("/v1", 404),
            ("/", 404),
            ("/internal/positions?rows=1", 404),
            ("/ops/health", 404),
            ("/.env", 404),
            (f"/v1/{'a' * 3_000}", 414),
            (f"/v1/structures?q={'a' * 9_000}", 414),
        ],
    )
    async def test_an_address_of_nothing(
        self, door: Door, upstream: Upstream, path: str, status: int
    ) -> None:
        answer = await door.raw(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Connection: close\r\n\r\n".encode()
        )
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert not upstream.asked

    @pytest.mark.parametrize("method", [b"TRACE", b"PROPFIND", b"PURGE"])
    async def test_a_method_of_nobody(self, door: Door, method: bytes) -> None:
        answer = await door.raw(
            method + b" /v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith((b"HTTP/1.1 405", b"HTTP/1.1 400"))

    async def test_a_body_said_to_be_too_large(self, door: Door, upstream: Upstream) -> None:
        answer = await door.ask("POST", "/v1/structures", token=TOKEN, data=b"x" * 10_001)
        assert answer.status == 413
        assert not upstream.asked

    async def test_a_body_that_grows_too_large(self, door: Door, upstream: Upstream) -> None:
        async def chunks() -> Any:
            for _ in range(11):
                yield b"x" * 1_000
                await asyncio.sleep(0)

        answer = await door.ask("POST", "/v1/structures", token=TOKEN, data=chunks())
        assert (answer.status, answer.content_type) == (413, "application/problem+json")
        assert not upstream.asked

    async def test_a_body_just_small_enough(self, door: Door, upstream: Upstream) -> None:
        answer = await door.ask("POST", "/v1/structures", token=TOKEN, data=b"x" * 10_000)
        assert answer.status == 200
        assert len(upstream.bodies[-1]) == 10_000

    async def test_a_body_that_never_comes(self, upstream: Upstream) -> None:
        async with a_door(upstream, upstream_patience=0.2) as door:
            answer = await door.raw(
                b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
            )
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert not upstream.asked

    async def test_a_client_that_goes_away(self, door: Door, upstream: Upstream) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()
        writer.close()
        assert (await door.ask("GET", "/v1/me", token=TOKEN)).status == 200
        assert len(upstream.asked) == 1

    async def test_two_requests_in_one(self, door: Door, upstream: Upstream) -> None:
        answer = await door.raw(
            b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /v1/me HTTP/1.1\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert len(upstream.asked) <= 1

    async def test_a_refusal_names_itself_and_the_path(self, door: Door) -> None:
        answer = await door.ask("GET", "/v1/nothing", token=TOKEN)
        told = json.loads(await answer.read())
        assert (told["type"], told["status"]) == ("/problems/no-such-path", 404)
        assert told["instance"] == "/v1/nothing"


class TestServicesThatFail:
    async def test_none_answers(self, upstream: Upstream) -> None:
        upstream.url = "http://127.0.0.1:9"
        async with a_door(upstream) as door:
            answer = await door.ask("POST", "/v1/structures", token=TOKEN, json={})
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert answer.content_type == "application/problem+json"

    async def test_a_read_is_asked_twice(self, door: Door, upstream: Upstream) -> None:
        upstream.answer = cut_once()
        assert (await door.ask("GET", "/v1/me", token=TOKEN)).status == 200
        assert len(upstream.asked) == 2

    async def test_a_write_is_asked_once(self, door: Door, upstream: Upstream) -> None:
        await door.ask("GET", "/v1/me", token=TOKEN)
        upstream.answer = cut_once()
        answer = await door.ask("POST", "/v1/structures", token=TOKEN, json={})
        assert answer.status == 503
        assert len(upstream.asked) == 2

    async def test_one_that_hangs_is_given_up(self, upstream: Upstream) -> None:
        async with a_door(upstream, upstream_patience=0.2) as door:
            upstream.hangs = True
            answer = await door.ask("GET", "/v1/me", token=TOKEN)
            assert answer.status == 503
            assert len(upstream.asked) == 1


class TestOwnPages:
    async def test_docs_are_open(self, door: Door) -> None:
        assert await (await door.ask("GET", "/docs")).text() == "read me"
        assert (await door.ask("POST", "/docs")).status == 404

    async def test_a_probe_learns_nothing_of_the_client(self, door: Door) -> None:
        told = await (await door.ask("GET", "/livez", token=TOKEN)).text()
        assert told == "/livez "

    async def test_metrics_are_for_their_readers(self, upstream: Upstream) -> None:
        async with a_door(upstream) as door:
            assert (await door.ask("GET", "/metrics")).status == 200
        async with a_door(upstream, metrics_readers=["10.0.0.0/8"]) as door:
            assert (await door.ask("GET", "/metrics")).status == 404

    async def test_own_routes_learn_who_calls_from_the_gate_alone(self, door: Door) -> None:
        said = {"X-Client-Address": "10.0.0.1", "Cookie": "a=b"}
        told = await (await door.ask("GET", "/v1/ops/health", token=OPERATOR, headers=said)).text()
        assert told.startswith("/v1/ops/health ")
        assert "x-client-address=127.0.0.1" in told
        assert "cookie" not in told
        assert OPERATOR not in told


def cut_once() -> Any:
    """Breaks the first connection, then answers."""
    cut = False

    def answer(request: web.Request) -> web.StreamResponse:
        nonlocal cut
        if not cut:
            cut = True
            assert request.transport
            request.transport.abort()
        return web.json_response({})

    return answer
