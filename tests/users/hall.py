"""All of users at work on a real database, for the tests of those who manage others."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any

from httpx import ASGITransport, AsyncClient, Response
from joserfc.jwk import OKPKey

from contracts.event import Event
from kit.change import Change
from kit.clock import now, today
from kit.internal import Caller, sign
from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE
from services.users.domain.logins import Login, login_id
from services.users.identity import Identity
from services.users.main import build
from services.users.membership import Membership
from services.users.settings import UsersSettings
from tests.conftest import settings_for
from tests.forgetting import forget_all
from tests.users.house import HASHED
from tests.users.people import an_account
from tests.users.rattaching import a_creation, a_new_unit

LEA, OMAR, ZOE, EVE = (Caller(user_id=f"u-{name}") for name in ("lea", "omar", "zoe", "eve"))
URL = "/v1/structure-users"
KEY = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))


@dataclass
class Hall:
    """All of users on a real database: Omar manages the bakery, Zoe the garage; Lea is free."""

    service: Service
    client: AsyncClient
    membership: Membership
    identity: Identity

    async def hear(self, *events: Event) -> None:
        for event in events:
            _, handler = self.service.subscriptions.handlers[event.type]
            for _ in range(2):
                if ask := handler(event):
                    await self.service.committer.keep(ask)

    async def call(self, method: str, path: str, caller: Caller = OMAR, **rest: Any) -> Response:
        key = self.service.settings.internal_key.get_secret_value()
        headers = {"authorization": f"Bearer {sign(caller, key, at=now())}"}
        headers |= {"x-client-address": "203.0.113.7"} | rest.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **rest)

    async def get(self, path: str, caller: Caller = OMAR, **query: Any) -> Any:
        answer = await self.call("GET", path, caller, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def attach(self, email: str, caller: Caller = OMAR, **but: Any) -> Response:
        body = {"email": email, "structure_id": "s-bakery", "valid_from": today().isoformat()}
        return await self.call("POST", URL, caller, json=body | but)

    async def detach(self, user: str, caller: Caller = OMAR, **but: Any) -> Response:
        path = f"{URL}/s-bakery/{user}/detachment"
        return await self.call("PUT", path, caller, json={"comment": "Mutation."} | but)

    async def leave(self, *structures: str, caller: Caller = LEA, **but: Any) -> Response:
        body = {"structure_ids": structures, "confirmed": True} | but
        return await self.call("PUT", "/v1/rattachements/departures", caller, json=body)

    async def told(self, type: str, version: int = 1) -> list[dict[str, Any]]:
        facts = {"type": f"users.{type}.v{version}"}
        found = self.service.journal.rows.find(facts).sort("_id", 1)
        return [json.loads(bytes(row["data"])) for row in await found.to_list(None)]

    async def keep(self, *ties: Any) -> None:
        for tie in ties:
            await self.membership.rattachements.change(tie.id, lambda _, tie=tie: Change(tie))

    async def person(self, name: str) -> None:
        email = f"{name}@example.org"
        account = an_account(id=f"u-{name}", email=email, first_name=name, password_hash=HASHED)
        await self.identity.accounts.change(account.id, lambda _: Change(account))
        login = Login(id=login_id(email), user_id=account.id)
        await self.identity.logins.change(login.id, lambda _: Change(login))

    async def closed(self, user: str) -> None:
        """Their account is no longer active, whatever they manage."""
        closed = self.identity.accounts.change(
            user, lambda account: Change(account and replace(account, status="deactivated"))
        )
        # Not in the context of the last request, which was made in this very task.
        await asyncio.create_task(closed, context=Context())

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While its timers and workers run."""
        # Not in the context of the last request, which was made in this very task.
        tasks = [
            asyncio.create_task(job.run(self.service.committer), context=Context())
            for job in self.service.jobs
        ]
        try:
            yield
        finally:
            await ended(tasks, again=GRACE + 2)

    async def until(self, look: Any) -> Any:
        async with asyncio.timeout(20):
            while not (seen := await look()):  # noqa: ASYNC110  # workers ring no bell
                await asyncio.sleep(0.02)
        return seen


@asynccontextmanager
async def a_hall(mongo_url: str) -> AsyncIterator[Hall]:
    settings = UsersSettings(**settings_for(mongo_url, access_private_key=KEY))
    service = Service("users", settings)
    app = build(service)
    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    async with AsyncClient(transport=ASGITransport(app), base_url="http://users") as client:
        yield Hall(service, client, Membership.of(service), Identity.of(service))
    await ended([keeping], again=GRACE + 2)
    await service.mongo.drop()
    await service.mongo.close()


async def opened(hall: Hall) -> Hall:
    """As at the beginning of each test."""
    await forget_all(hall.service)
    await asyncio.gather(*map(hall.person, ("lea", "omar", "zoe", "eve")))
    at = now()
    await hall.hear(
        a_creation(created_at=at),
        a_creation(
            structure_id="s-garage", identifier="44306184100047", created_by="u-zoe", created_at=at
        ),
        a_new_unit(name="Fours"),
        a_new_unit("tills", name="Caisses"),
    )
    return hall


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")
