"""A gate on a real port, before services that only say what they were asked."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OKPKey
from starlette.types import Receive, Scope, Send
from yarl import URL

from kit.heard import Heard
from kit.internal import Caller, verify
from kit.problems import Unavailable
from kit.settings import Settings
from services.gateway.admission import Admission
from services.gateway.gate import Gate
from services.gateway.proxy import Answer, Upstreams
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import Tokens
from services.gateway.views import RevokedSessions

INTERNAL_KEY = "a key that only the tests know, and no one else"
KEY: OKPKey = OKPKey.generate_key("Ed25519")
PUBLIC_KEY = KEY.as_pem(private=False).decode()


def an_access_token(*, key: Any = KEY, alg: str = "Ed25519", **but: Any) -> str:
    claims = {
        "iss": "chorale",
        "aud": "chorale",
        "exp": int(time()) + 3600,  # Made when a module is read, used when its turn comes.
        "sub": "u1",
        "sid": "s1",
        "roles": [],
    }
    known = {name: value for name, value in (claims | but).items() if value is not None}
    return jwt.encode({"alg": alg}, known, key, algorithms=[alg])


def a_system_token(**but: Any) -> str:
    system = {"sub": "client:c1", "client_id": "c1", "scope": "structures:read", "sid": None}
    return an_access_token(**(system | {"structures": ["st1"]} | but))


def settings(**but: Any) -> GatewaySettings:
    known = {
        "internal_key": INTERNAL_KEY,
        "link_key": INTERNAL_KEY,
        "access_public_key": PUBLIC_KEY,
        "body_limit": 10_000,
        "upstream_patience": 2,
        "caller_rate": "1000000/second",
        "credential_rate": "1000000/minute",
    }
    return GatewaySettings.model_validate(known | but)


@dataclass
class Upstream:
    """One service for all paths: it remembers what it was asked."""

    url: str
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Callable[[web.Request], web.StreamResponse] | None = None
    pieces: Callable[[], AsyncIterator[bytes]] | None = None
    """What it answers piece by piece."""
    hangs: bool = False

    @property
    def last(self) -> web.Request:
        return self.asked[-1]

    @property
    def caller(self) -> Caller:
        """Who the gateway said was calling."""
        return self._caller(INTERNAL_KEY)

    def caller_with(self, chosen: Settings) -> Caller:
        return self._caller(chosen.internal_key.get_secret_value())

    def _caller(self, key: str) -> Caller:
        caller = verify(self.last.headers["Authorization"].removeprefix("Bearer "), key)
        assert caller is not None
        return caller

    async def answered(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        if self.hangs:
            await asyncio.sleep(60)
        if self.pieces:
            return await self._in_pieces(request, self.pieces())
        if self.answer:
            return self.answer(request)
        return web.json_response({"said": request.path_qs})

    async def _in_pieces(
        self, request: web.Request, pieces: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Disposition": "attachment"})
        answer.content_type = "text/csv"
        await answer.prepare(request)
        async for piece in pieces:
            await answer.write(piece)
        await answer.write_eof()
        return answer


class Hearing(Heard):
    """Hears as the test says."""

    def __init__(self) -> None:
        self.fresh = True

    async def require_fresh(self, topic: str) -> None:
        if not self.fresh:
            raise Unavailable


class Remembered(RevokedSessions):
    """Only what this process was told."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    async def known(self, session_id: str) -> bool:
        return session_id in self.revoked


@dataclass
class Door:
    """The gate as a client finds it."""

    port: int
    client: aiohttp.ClientSession
    hearing: Hearing
    sessions: Remembered

    async def ask(
        self, method: str, path: str, *, token: str = "", **said: Any
    ) -> aiohttp.ClientResponse:
        headers = dict(said.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        answer = await self.client.request(method, url, headers=headers, **said)
        await answer.read()
        return answer

    async def raw(self, sent: bytes) -> bytes:
        """What comes back on a bare connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(65_536), 5)
        writer.close()
        return answer


@asynccontextmanager
async def an_upstream() -> AsyncIterator[Upstream]:
    known = Upstream("")
    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{path:.*}", known.answered)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    known.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield known
    await runner.cleanup()


@asynccontextmanager
async def a_door(upstream: Upstream, **but: Any) -> AsyncIterator[Door]:
    chosen = settings(**but)
    services = ("users", "structures", "approvals", "notifications", "support")
    upstreams = Upstreams(
        dict.fromkeys(services, upstream.url), patience=chosen.upstream_patience, connections=20
    )
    hearing, sessions = Hearing(), Remembered()
    gate = Gate(
        own_app,
        settings=chosen,
        admission=Admission(chosen, Tokens(chosen.access_public_key), sessions, hearing),
        upstreams=upstreams,
        pages={"/docs": lambda: Answer(200, [(b"content-type", b"text/html")], b"read me")},
    )
    async with serving(gate) as port, aiohttp.ClientSession() as client:
        yield Door(port, client, hearing, sessions)
    await upstreams.close()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    # Of a socket that does not say so, asyncio does not know that it is TCP, and its answers wait for
    # what they are put together with: 40 ms each.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_level="error", proxy_headers=False)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        # Without its loop, which looks only ten times a second whether it should end.
        await server.startup(sockets=[listening])
        yield listening.getsockname()[1]
        await server.shutdown(sockets=[listening])


async def own_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for the gateway's own routes: says which headers it was given."""
    said = b" ".join(name + b"=" + value for name, value in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode() + b" " + said})
