"""Calling a service as the gateway does."""

from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from kit.clock import now
from kit.internal import Caller, sign
from kit.service import Service

NOBODY = Caller()


class Client:
    """An HTTP client of one service that speaks for whoever the gateway would have let in."""

    def __init__(self, app: FastAPI, caller: Caller = NOBODY) -> None:
        self._app, self._caller = app, caller
        service: Service = app.state.service
        self._key = service.settings.internal_key.get_secret_value()

    def by(self, caller: Caller) -> "Client":
        return Client(self._app, caller)

    async def __call__(self, method: str, path: str, **rest: Any) -> Response:
        token = sign(self._caller, self._key, at=now())
        headers = {"authorization": f"Bearer {token}"} | rest.pop("headers", {})
        transport = ASGITransport(self._app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, path, headers=headers, **rest)
