"""The account side of users at work, as the gateway would call it."""

import json
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import OKPKey
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from kit.clock import now
from kit.effort import solve
from kit.internal import Caller, sign
from kit.links import code_of, sign_link
from kit.service import Service
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings
from services.users.tokens import ALGORITHM

EMAIL, PASSWORD = "lea.martin@example.org", "a long enough one"
KNOWN = {"current_password": PASSWORD}
_QUICK = Argon2Hasher(memory_cost=64, time_cost=1)
HASHED = PasswordHash((_QUICK,)).hash(PASSWORD)
MISSING = "/problems/effort-missing"


class CountedPasswords(Passwords):
    """As quick as argon2 can be, and counted."""

    def __init__(self) -> None:
        super().__init__(memory=64, passes=1)
        self.hashed = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)

    async def check(self, password: str, hash: str) -> tuple[bool, str]:
        self.hashed += 1
        return await super().check(password, hash)


class House:
    """What a test acts on."""

    def __init__(
        self,
        app: FastAPI,
        service: Service,
        identity: Identity,
        settings: UsersSettings,
        passwords: CountedPasswords,
    ) -> None:
        self.app, self.service, self.identity = app, service, identity
        self.settings, self.passwords = settings, passwords

    def client(self, address: str = "203.0.113.7", **caller: Any) -> AsyncClient:
        """Nobody known, unless told who calls."""
        token = sign(Caller(**caller), self.settings.internal_key.get_secret_value(), at=now())
        headers = {"authorization": f"Bearer {token}", "x-client-address": address}
        return AsyncClient(
            transport=ASGITransport(self.app), base_url="http://users", headers=headers
        )

    async def post(self, path: str, body: Any, *, robot: bool = False, **caller: Any) -> Response:
        """A ``robot`` does no work for a form that asks for it."""
        async with self.client(**caller) as client:
            answer = await client.post(path, json=body)
            if answer.is_client_error and answer.json()["type"] == MISSING and not robot:
                answer = await client.post(path, json=body | {"effort": await self.effort()})
            return answer

    async def effort(self) -> dict[str, Any]:
        asked = (await self.get("/v1/effort")).json()
        solved = solve(asked["challenge"], asked["bits"])
        return {"challenge": solved.challenge, "number": solved.number}

    async def put(self, path: str, body: Any, **caller: Any) -> Response:
        async with self.client(**caller) as client:
            return await client.put(path, json=body)

    async def get(self, path: str, **caller: Any) -> Response:
        async with self.client(**caller) as client:
            return await client.get(path)

    async def delete(self, path: str, **caller: Any) -> Response:
        async with self.client(**caller) as client:
            return await client.delete(path)

    async def told(self, type: str, version: int = 1) -> list[dict[str, Any]]:
        """The facts of one type that were told, in order."""
        found = self.service.journal.rows.find({"type": f"users.{type}.v{version}"}).sort("_id", 1)
        return [json.loads(bytes(row["data"])) for row in await found.to_list(None)]

    async def links(self, purpose: str = "activation") -> list[str]:
        """The tokens of the letters that were asked for, in order."""
        key = self.settings.link_key.get_secret_value()
        accounts = await self.identity.accounts.select({})
        expiries = {link.nonce: link.expires_at for one in accounts for link in one.links}
        asked = [*await self.told("link-requested"), *await self.told("link-requested", 2)]
        return [
            sign_link(
                key,
                purpose=purpose,
                user_id=one["user_id"],
                nonce=one["nonce"],
                expires_at=expiries.get(one["nonce"], now() + self.settings.link_for),
            )
            for one in asked
            if one["purpose"] == purpose
        ]

    async def code(self) -> str:
        """The code of the letter that was asked for last."""
        [*_, asked] = await self.told("code-requested")
        key = self.settings.link_key.get_secret_value()
        return code_of(key, user_id=asked["user_id"], nonce=asked["nonce"])

    async def register(self, email: str = EMAIL, **but: Any) -> Response:
        asked = {
            "email": email,
            "password": PASSWORD,
            "first_name": "Léa",
            "last_name": "Martin",
        }
        return await self.post("/v1/accounts", asked | but)

    async def join(self, email: str = EMAIL) -> str:
        """Register and activate; answers the user's id."""
        await self.register(email)
        [*_, token] = await self.links()
        assert (await self.post("/v1/accounts/activation", {"token": token})).status_code == 200
        return str((await self.told("person-changed"))[-1]["user_id"])

    async def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, **caller: Any
    ) -> Response:
        return await self.post("/v1/sessions", {"email": email, "password": password}, **caller)

    def claims(self, access_token: str) -> dict[str, Any]:
        """What the gateway reads in an access token, with the public key alone."""
        private = json.loads(self.settings.access_private_key.get_secret_value())
        public = OKPKey.import_key({name: private[name] for name in ("kty", "crv", "x")})
        read: dict[str, Any] = jwt.decode(access_token, public, algorithms=[ALGORITHM]).claims
        return read

    def as_of(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """The caller that the gateway would speak of for these tokens."""
        claims = self.claims(tokens["access_token"])
        return {
            "user_id": claims["sub"],
            "session_id": claims["sid"],
            "operator": "operator" in claims["roles"],
        }
