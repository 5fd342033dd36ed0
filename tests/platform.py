"""The platform as those who use it know it: HTTP through the gateway, and letters."""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from httpx import AsyncBaseTransport, AsyncClient, Response

from deploy.embedded import mail, mongod
from kit.clock import today
from kit.service import Service
from services.structures.domain.identifiers import Identifier
from services.structures.imports import import_structures
from services.structures.settings import StructuresSettings
from tests.sirets import a_siret
from tests.turns import WORKER, WORKERS, numbers

PASSWORD = "un long mot de passe, assez rare"
SCOPES = [
    "structures:read",
    "rattachements:read",
    "rights:check",
    "client-accounts:read",
    "orders:check",
    "facts:write",
    "deliveries:write",
    "mandates:write",
    "attachments:read",
    "letters:write",
]
PATIENCE = 20
"""Seconds that anything here may take before a test says that it does not come."""

TICK = 50_000_000
"""Nanoseconds: more than any file system's clock stands still."""

T = TypeVar("T")
_turn = numbers()
_OPERATORS = [[f"ops-{worker}-{n}@example.org" for n in range(30)] for worker in range(WORKERS)]
OPERATORS = [*chain(*_OPERATORS)]
_operators = iter(_OPERATORS[WORKER])


@dataclass(frozen=True, slots=True)
class User:
    """A person who signed in, or another system: whoever has an access token."""

    email: str
    access_token: str
    id: str = ""
    refresh_token: str = ""


class Platform:
    """A running platform, whoever started it."""

    def __init__(
        self,
        data: Path,
        ports: Mapping[str, int],
        *,
        kafka: str = "",
        transport: AsyncBaseTransport | None = None,
    ) -> None:
        self.data = data
        self.kafka = kafka or f"127.0.0.1:{ports['kafka_port']}"
        self.mongo = mongod.url(ports["mongo_port"])
        self.gateway = f"http://127.0.0.1:{ports['gateway_port']}"
        self.http = AsyncClient(base_url=self.gateway, timeout=PATIENCE, transport=transport)
        self._known: set[str] = set()
        self._letters: dict[str, list[Path]] = {}
        self._looked_at = 0

    async def ask(
        self,
        method: str,
        path: str,
        *,
        by: User | None = None,
        after: Response | None = None,
        headers: dict[str, str] | None = None,
        **rest: Any,
    ) -> Response:
        """``after``: the answer to a write, whose effect the answer to this must show."""
        said = {"authorization": f"Bearer {by.access_token}"} if by else {}
        if after is not None:
            said["consistency-token"] = after.headers["consistency-token"]
        return await self.http.request(method, path, headers=said | (headers or {}), **rest)

    async def register(self, first_name: str, last_name: str = "Martin", email: str = "") -> User:
        """A new person with an active account, signed in."""
        email = email or an_address(first_name)
        account = {"email": email, "first_name": first_name, "last_name": last_name}
        asked = await self.ask("POST", "/v1/accounts", json=account | {"password": PASSWORD})
        answered(asked, 202)
        token = token_in(await self.letter(email, "Activez"))
        activated = await self.ask("POST", "/v1/accounts/activation", json={"token": token})
        answered(activated, 200)
        return await self.sign_in(email)

    async def sign_in(self, email: str, password: str = PASSWORD) -> User:
        credentials = {"email": email, "password": password}
        given = answered(await self.ask("POST", "/v1/sessions", json=credentials), 201)
        user = User(email, given["access_token"], refresh_token=given["refresh_token"])
        me = answered(await self.ask("GET", "/v1/me", by=user), 200)
        return User(email, given["access_token"], me["id"], given["refresh_token"])

    async def operator(self) -> User:
        return await self.register("Olivia", email=an_operator())

    async def system(self, operator: User, *structures: str) -> User:
        """Another system that may do all a system may: with these structures only, or all."""
        asked = {"name": "ERP", "scopes": SCOPES, "structures": structures}
        opened = answered(await self.ask("POST", "/v1/clients", json=asked, by=operator), 201)
        form = {"grant_type": "client_credentials", "client_id": opened["client_id"]}
        secret = {"client_secret": opened["client_secret"]}
        given = answered(await self.ask("POST", "/v1/tokens", data=form | secret), 200)
        return User("", given["access_token"], opened["client_id"])

    async def create_structure(self, by: User, siret: str = "") -> Response:
        identifier = {"type": "SIRET", "value": siret or a_siret()}
        created = await self.ask("POST", "/v1/structures", json={"identifier": identifier}, by=by)
        answered(created, 201)
        return created

    async def import_public(self, siret: str) -> str:
        """The id of a public structure that nobody manages."""
        settings = StructuresSettings(mongo=self.mongo, internal_key=PASSWORD, link_key=PASSWORD)
        service = Service("structures", settings)
        report = self.data / "import.csv"
        try:
            await import_structures(service, BytesIO(f"siret\n{siret}\n".encode()), report=report)
        finally:
            await service.mongo.close()
        return Identifier("SIRET", siret).structure_id

    async def request_rattachement(self, by: User, structure: Response, **wanted: Any) -> Response:
        body = {"structure_id": structure.json()["id"], "valid_from": today().isoformat()} | wanted
        asked = await self.ask("POST", "/v1/rattachements", json=body, by=by, after=structure)
        answered(asked, 202)
        return asked

    async def decide(self, by: User, asked: Response, **decision: str) -> Response:
        """Answer a request that was asked just now."""
        path = f"/v1/approvals/{asked.json()['id']}/decision"
        decided = await self.ask("PUT", path, json=decision, by=by, after=asked)
        answered(decided, 200)
        return decided

    def letters(self, to: str) -> list[EmailMessage]:
        """All letters to an address, oldest first."""
        self._look_for_letters()
        return [*map(read_once, self._letters.get(to, ()))]

    def _look_for_letters(self) -> None:
        """There are thousands, and they are asked for again and again: what is known stays so."""
        folder = self.data / "mail"
        changed = folder.stat().st_mtime_ns
        if changed == self._looked_at:
            return
        new = {one.name for one in os.scandir(folder) if one.name[0] != "."} - self._known
        self._known |= new
        for one in sorted(map(folder.joinpath, new)):
            with one.open() as file:  # Whom it was delivered to is its first line.
                self._letters.setdefault(file.readline().split()[1], []).append(one)
        # One more in the same tick of the clock would not show.
        self._looked_at = changed if time.time_ns() > changed + TICK else 0

    async def letter(self, to: str, subject: str) -> str:
        """The text of the last letter to an address with this in its subject, once it is there."""

        async def look() -> list[EmailMessage]:
            return [one for one in self.letters(to) if subject in one["subject"]]

        return mail.text((await until(look, bool))[-1])


@cache
def read_once(letter: Path) -> EmailMessage:
    return mail.read(letter)


async def until(
    look: Callable[[], Awaitable[T]], good: Callable[[T], object], *, patience: float = PATIENCE
) -> T:
    """What is seen, once it is good."""
    end = asyncio.get_running_loop().time() + patience
    pause = 0.02  # Each look costs what is waited for some of its time: fewer, when it takes long.
    while not good(seen := await look()):
        assert asyncio.get_running_loop().time() < end, f"It stays so: {seen!r}"
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, 0.1)
    return seen


def answered(answer: Response, status: int) -> Any:
    """What an answer says, once its status is found to be right."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def refused(answer: Response, status: int, kind: str = "", field: str = "") -> Any:
    """What a refusal says, once it is found to be a problem that names its kind and its field."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["type"].startswith("/problems/")
    if kind:
        assert problem["type"] == f"/problems/{kind}"
    if field:
        assert f"/{field}" in [one["pointer"] for one in problem.get("errors", [])], problem
    return problem


def token_in(letter: str) -> str:
    """Of the link that the letter is about; the last one stops letters like it."""
    first, *_ = re.findall(r"token=([\w.~-]+)", letter)
    return str(first)


def an_address(name: str) -> str:
    return f"{name.lower()}-{next(_turn)}@example.org"


def an_operator() -> str:
    """One of the addresses that ``OPERATORS`` makes operators of the platform."""
    return next(_operators)
