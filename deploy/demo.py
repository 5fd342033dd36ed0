"""A few people and a structure to try things with. Never in production: the password is public."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from deploy.embedded import mail
from deploy.installation import OPERATOR
from deploy.trouble import Trouble
from kit.effort import solve

PASSWORD = "Chorale-demo-2026!"  # noqa: S105 (public on purpose)
STRUCTURE = "84965690500015"
PATIENCE = 30
"""Seconds a letter may take, or a right to become effective."""


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    first_name: str
    last_name: str
    who: str


OPS = Person(OPERATOR, "Olivia", "Petit", "operator of the platform")
CLAIRE = Person(
    "claire.martin@chorale.example", "Claire", "Martin", f"principal manager of SIRET {STRUCTURE}"
)
LEA = Person("lea.dupont@chorale.example", "Léa", "Dupont", "without any rights yet")
PEOPLE = (OPS, CLAIRE, LEA)


async def load(gateway: str, letters: Path) -> None:
    """Make, through the gateway as anybody would, what is not there yet."""
    try:
        async with aiohttp.ClientSession(gateway) as client:
            await _Demo(client, letters).load()
    except aiohttp.ClientError as lost:
        raise Trouble(f"The demo cannot be loaded: {lost}") from lost


class _Demo:
    def __init__(self, client: aiohttp.ClientSession, letters: Path) -> None:
        self.client, self.letters = client, letters

    async def load(self) -> None:
        signed_in = {person: await self.sign_in(person) for person in PEOPLE}
        if all(signed_in.values()):
            return
        await asyncio.gather(*(self.register(p) for p in PEOPLE if not signed_in[p]))
        await self.create_structure(signed_in[CLAIRE] or await self.must_sign_in(CLAIRE))

    async def sign_in(self, person: Person) -> str | None:
        credentials = {"email": person.email, "password": PASSWORD}
        status, answer = await self._ask("POST", "/v1/sessions", credentials)
        return str(answer["access_token"]) if status == 201 else None

    async def must_sign_in(self, person: Person) -> str:
        if token := await self.sign_in(person):
            return token
        raise Trouble(f"The demo cannot sign in as {person.email}")

    async def register(self, person: Person) -> None:
        account = {
            "email": person.email,
            "password": PASSWORD,
            "first_name": person.first_name,
            "last_name": person.last_name,
        }
        await self._must("/v1/accounts", account | await self._effort(), 202)
        token = await self._token_sent_to(person.email)
        await self._must("/v1/accounts/activation", {"token": token}, 200, 201, 204)

    async def create_structure(self, token: str) -> None:
        asked = {"identifier": {"type": "SIRET", "value": STRUCTURE}}
        headers = {"authorization": f"Bearer {token}", "idempotency-key": "demo-structure"}
        # 409: an earlier start was interrupted after this.
        await self._must("/v1/structures", asked, 201, 409, headers=headers)

    async def _effort(self) -> dict[str, object]:
        """The proof of work that the form may ask for."""
        _, asked = await self._ask("GET", "/v1/effort")
        solved = await asyncio.to_thread(solve, asked["challenge"], asked["bits"])
        return {"effort": {"challenge": solved.challenge, "number": solved.number}}

    async def _must(
        self, path: str, body: object, *wanted: int, headers: Mapping[str, str] | None = None
    ) -> None:
        status, answer = await self._ask("POST", path, body, headers)
        if status not in wanted:
            raise Trouble(f"The demo cannot be loaded: {path} answers {status} {answer}")

    async def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        for _ in range(PATIENCE):
            said = self.client.request(method, path, json=body, headers=headers)
            async with said as answer:
                if answer.status not in {429, 503}:
                    return answer.status, json.loads(await answer.text() or "null")
            await asyncio.sleep(1)  # Rights are not known in the first moment after a start.
        return answer.status, "still not available"

    async def _token_sent_to(self, address: str) -> str:
        for _ in range(PATIENCE * 10):
            for letter in mail.letters(self.letters):
                message = mail.read(letter)
                if address in str(message["to"]) and (
                    token := re.search(r"token=([\w.~-]+)", mail.text(message))
                ):
                    return token[1]
            await asyncio.sleep(0.1)
        raise Trouble(f"No letter came for {address}: see {self.letters}")
