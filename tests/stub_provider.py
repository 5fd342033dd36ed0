"""An identity provider that says of people whatever it is told to, true or not."""

import base64
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from kit.clock import now

CLIENT_ID, CLIENT_SECRET = "chorale at stub", "a secret: with +signs"
REDIRECT = "https://portal.example.org/signed-in"


def url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def said_of(url: str, number: int = 0) -> dict[str, Any]:
    """What an installation says of it in its settings."""
    return {
        "name": f"stub-{number}",
        "label": "Agents publics",
        "issuer": url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }


@dataclass(frozen=True, slots=True)
class Granted:
    asked: dict[str, str]
    claims: dict[str, Any]
    lies: dict[str, Any]


@dataclass
class Stub:
    """``lies`` of a sign-in go into its ID token in place of the truth; None takes one out."""

    url: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    codes: dict[str, Granted] = field(default_factory=dict)
    away: bool = False
    in_token: bool = True
    """Whether the address is told in the ID token, or only by the UserInfo endpoint."""
    metadata: dict[str, Any] = field(default_factory=dict)
    asked_for_keys: int = 0
    algorithm: str = "RS256"

    def forget(self) -> None:
        self.codes.clear()
        self.metadata.clear()
        self.away, self.in_token, self.algorithm, self.asked_for_keys = False, True, "RS256", 0

    def rotate(self) -> None:
        self.key = RSAKey.generate_key(2048, auto_kid=True)

    def sign_in(self, address: str, sub: str, *, lies: Any = None, **claims: Any) -> dict[str, str]:
        """What the browser brings back of somebody who signs in at this address."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_urlsafe(16)
        self.codes[code] = Granted(asked, {"sub": sub} | claims, lies or {})
        return {"code": code, "state": asked["state"]}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/jwks", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        return app

    async def _configuration(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=502)
        own = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
        }
        return web.json_response(own | self.metadata)

    async def _keys(self, request: web.Request) -> web.Response:
        self.asked_for_keys += 1
        unknown = {"kty": "of tomorrow", "kid": "x"}
        return web.json_response({"keys": [unknown, self.key.as_dict(private=False)]})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        granted = self.codes.pop(str(form.get("code")), None)
        if granted is None or not _proved(request, dict(form), granted.asked):
            return web.json_response({"error": "invalid_grant"}, status=400)
        told = granted.claims if self.in_token else {"sub": granted.claims["sub"]}
        at = int(now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": at,
            "exp": at + 300,
            "nonce": granted.asked["nonce"],
            **told,
            **granted.lies,
        }
        known = {name: value for name, value in claims.items() if value is not None}
        access = base64.urlsafe_b64encode(json.dumps(granted.claims).encode()).decode()
        return web.json_response(
            {"id_token": self._signed(known), "access_token": access, "token_type": "Bearer"}
        )

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.algorithm in ("none", "HS256"):
            said = ".".join(map(_written, ({"alg": self.algorithm}, claims)))
            # The old trick: the public key, which everybody knows, taken for a secret.
            mac = hmac.digest(self.key.as_pem(private=False), said.encode(), "sha256")
            return f"{said}.{_base64(mac) if self.algorithm == 'HS256' else ''}"
        head = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(head, claims, self.key, algorithms=[self.algorithm])

    async def _userinfo(self, request: web.Request) -> web.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        return web.json_response(json.loads(base64.urlsafe_b64decode(token)))


def _written(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _proved(request: web.Request, form: dict[str, Any], asked: dict[str, str]) -> bool:
    proof = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic "))
    challenge = _base64(sha256(form["code_verifier"].encode()).digest())
    return (
        proof == b"chorale+at+stub:a+secret%3A+with+%2Bsigns"
        and asked["client_id"] == CLIENT_ID
        and form["redirect_uri"] == asked["redirect_uri"]
        and asked["code_challenge_method"] == "S256"
        and challenge == asked["code_challenge"]
    )


@asynccontextmanager
async def a_stub(port: int) -> AsyncIterator[Stub]:
    stub = Stub(url_of(port))
    runner = web.AppRunner(stub.app(), shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield stub
    finally:
        await runner.cleanup()
