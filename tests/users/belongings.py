"""The users service as it is deployed, with people whose accounts exist already."""

import json
from typing import Any

from fastapi import FastAPI
from httpx import Response

from kit.change import Change
from kit.clock import now
from kit.file import Verdict
from kit.ids import new_id
from kit.internal import Caller
from kit.service import Service
from services.users.domain.accounts import Account
from services.users.domain.logins import Login, login_id
from tests.calling import Client
from tests.stub_provider import REDIRECT, Stub
from tests.users.people import an_account

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
MINE = "/v1/me/attachments"


class Belongings:
    """What a test acts on."""

    def __init__(self, app: FastAPI, service: Service, provider: Stub) -> None:
        self.app, self.service, self.provider = app, service, provider

    def collection(self, name: str) -> Any:
        [found] = [one for one in self.service.collections if one.name == name]
        return found

    async def person(self, email: str = "", **but: Any) -> str:
        """Somebody with an account; answers their id."""
        id = new_id()
        email = email or f"{id}@example.org"
        account = an_account(**{"id": id, "version": 0, "email": email, "created_at": now()} | but)
        await self.collection("accounts").change(id, lambda _: Change(account))
        login = Login(id=login_id(email), user_id=id)
        await self.collection("logins").change(login.id, lambda _: Change(login))
        return id

    async def account(self, id: str) -> Account:
        found: Account = await self.collection("accounts").get(id)
        return found

    def by(self, user: str = "", **but: Any) -> Client:
        return Client(self.app, Caller(user_id=user, **but))

    def system(self, *scopes: str) -> Client:
        return Client(self.app, Caller(client_id="c-1", scopes=frozenset(scopes)))

    async def told(self, type: str) -> list[dict[str, Any]]:
        found = self.service.journal.rows.find({"type": f"users.{type}.v1"}).sort("_id", 1)
        return [json.loads(bytes(row["data"])) for row in await found.to_list(None)]

    async def bring(self, user: str, content: bytes = PDF, **but: Any) -> Response:
        params = {"name": "Carte grise.pdf", "type": "CARTE_GRISE"} | but
        headers = {"content-type": "application/pdf"}
        return await self.by(user)("POST", MINE, params=params, headers=headers, content=content)

    async def brought(self, user: str, content: bytes = PDF, **but: Any) -> dict[str, Any]:
        answer = await self.bring(user, content, **but)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def judged(self, id: str, verdict: Verdict) -> None:
        """What the scanner does, once it has asked the antivirus."""
        from kit.file import noted

        files = self.collection("attachments")
        await files.documents.update_one({"_id": id}, {"$set": {"scan": "pending"}})
        await files.change(id, lambda current: noted(current, verdict, now()))

    async def pieces(self) -> int:
        return int(await self.service.mongo["attachments.chunks"].count_documents({}))

    async def begin(self, **but: Any) -> Any:
        asked = {"provider": "stub-0", "redirect_uri": REDIRECT} | but
        answer = await self.by()("POST", "/v1/oidc/authorizations", json=asked)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def finish(self, begun: Any, back: dict[str, str], **but: Any) -> Response:
        body = {"sign_in": begun["sign_in"]} | back | but
        return await self.by()("POST", "/v1/oidc/sessions", json=body)

    async def arrive(self, sub: str, *, lies: Any = None, **claims: Any) -> Response:
        """The whole way: to the provider, and back."""
        begun = await self.begin()
        said = {"email_verified": True, "given_name": "Ada", "family_name": "Byron"} | claims
        back = self.provider.sign_in(begun["authorization_url"], sub, lies=lies, **said)
        return await self.finish(begun, back)
