"""People, structures and letters, for the journeys to tell their stories with."""

import asyncio
import re
from email.message import EmailMessage
from itertools import count
from typing import Any

from httpx import Response
from joserfc import jwt
from joserfc.jwk import OKPKey

from kit.clock import today
from kit.internal import Caller
from tests.notifications.post_office import PostOffice
from tests.sirets import a_siret
from tests.world import KEY, World

PASSWORD = "correct horse battery"
JOURNEY = {"x-correlation-id": "journey-1"}


class Town:
    def __init__(self, world: World, office: PostOffice) -> None:
        self.world, self.office = world, office
        self._turn, self._emails = count(1), dict[str, str]()

    async def settle(self) -> None:
        await self.world.settle()

    async def person(self, first: str = "Léa", last: str = "Dupont") -> Caller:
        """Somebody new who registered, followed the link of the letter and signed in."""
        email = f"p{next(self._turn)}@example.org"
        users = self.world.call("users")
        body = {"email": email, "password": PASSWORD, "first_name": first, "last_name": last}
        assert (await users("POST", "/v1/accounts", json=body)).status_code == 202
        await self.settle()
        token = await self._token(email, "activ")
        done = await users("POST", "/v1/accounts/activation", json={"token": token})
        assert done.status_code == 200, done.text
        await self.settle()
        signed_in = await users("POST", "/v1/sessions", json={"email": email, "password": PASSWORD})
        assert signed_in.status_code == 201, signed_in.text
        key = OKPKey.import_key(KEY)
        claims = jwt.decode(signed_in.json()["access_token"], key, algorithms=["Ed25519"]).claims
        self._emails[claims["sub"]] = email
        return Caller(user_id=claims["sub"], session_id=claims["sid"])

    async def structure(self, caller: Caller) -> dict[str, Any]:
        body = {"identifier": {"type": "SIRET", "value": a_siret()}}
        made = await self.world.call("structures", caller)("POST", "/v1/structures", json=body)
        assert made.status_code == 201, made.text
        await self.settle()
        return dict(made.json())

    async def ask(self, caller: Caller, structure_id: str, **but: Any) -> Response:
        users = self.world.call("users", caller)
        body = {"structure_id": structure_id, "valid_from": today().isoformat()} | but
        asked = await users("POST", "/v1/rattachements", json=body, headers=JOURNEY)
        await self.settle()
        return asked

    async def decide(self, caller: Caller, id: str, verdict: str, reason: str = "") -> Response:
        body = {"verdict": verdict} | ({"reason": reason} if reason else {})
        path = f"/v1/approvals/{id}/decision"
        decided = await self.world.call("approvals", caller)("PUT", path, json=body)
        await self.settle()
        return decided

    async def mine(self, caller: Caller) -> list[dict[str, Any]]:
        listed = await self.world.call("users", caller)("GET", "/v1/rattachements")
        return list(listed.json()["items"])

    def letters(self, to: Caller) -> list[EmailMessage]:
        return self._letters(self._emails[to.user_id])

    def _letters(self, email: str) -> list[EmailMessage]:
        return [one for one in self.office.taken if one["To"] == email]

    def text(self, letter: EmailMessage) -> str:
        body = letter.get_body(("plain",))
        assert body
        return str(body.get_content())

    async def new_password(self, to: Caller) -> str:
        """The token of the link that somebody is sent who has forgotten their password."""
        email = self._emails[to.user_id]
        await self.world.call("users")("POST", "/v1/password-resets", json={"email": email})
        await self.settle()
        return await self._token(email, "passe")

    async def _token(self, email: str, about: str) -> str:
        found = re.search(r"token=([\w.~-]+)", self.text(await self._letter(email, about)))
        assert found
        return found[1]

    async def letter(self, to: Caller, about: str) -> EmailMessage:
        return await self._letter(self._emails[to.user_id], about)

    async def _letter(self, email: str, about: str) -> EmailMessage:
        """The one letter to somebody whose subject says this; it leaves a moment after its cause."""
        async with asyncio.timeout(10):
            while True:
                found = [o for o in self._letters(email) if about.lower() in o["Subject"].lower()]
                if found:
                    assert len(found) == 1, [one["Subject"] for one in found]
                    return found[0]
                await asyncio.sleep(0.02)
