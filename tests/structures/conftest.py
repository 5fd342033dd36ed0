"""The structures service on a real MongoDB, an INSEE that answers as told, and people who call."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from contracts.event import Event
from contracts.users import RightsChanged
from kit.clock import now
from kit.internal import Caller, sign
from kit.journal import SLICES
from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE
from services.structures.main import build
from services.structures.settings import StructuresSettings
from tests.conftest import settings_for
from tests.forgetting import forget_all, forget_whole
from tests.structures.builders import an_answer

UNKNOWN = {"header": {"statut": 404, "message": "Aucun élément trouvé pour le siret"}}


class Insee:
    """Every SIRET is an open establishment, but those it was told something else about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: dict[str, tuple[int, dict[str, Any]]] = {}
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        siret = request.match_info["siret"]
        self.asked.append(siret)
        status, body = self.says.get(siret, (200, an_answer(siret=siret)))
        return web.json_response(body, status=status)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def insee_of_all() -> AsyncIterator[Insee]:
    insee, app = Insee(), web.Application()
    app.router.add_get("/api-sirene/3.11/siret/{siret}", insee.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    insee.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api-sirene/3.11"
    yield insee
    await runner.cleanup()


@pytest.fixture
def insee(insee_of_all: Insee) -> Insee:
    """As if nobody had asked anything yet."""
    insee_of_all.asked.clear()
    insee_of_all.says.clear()
    return insee_of_all


class World:
    """One running structures service."""

    def __init__(self, service: Service, settings: StructuresSettings) -> None:
        self.service, self.settings = service, settings
        self._transport = httpx.ASGITransport(build(service))

    def calls(self, user: str = "", **but: Any) -> httpx.AsyncClient:
        caller = Caller(user_id=user, **but)
        token = sign(caller, self.settings.internal_key.get_secret_value(), at=now())
        return httpx.AsyncClient(
            transport=self._transport,
            base_url="http://structures",
            headers={"Authorization": f"Bearer {token}"},
        )

    def hears_users(self) -> None:
        """Users is alive: what is known of rights is fresh."""
        for slice in range(SLICES):
            self.service.heard.beat(f"users.events/{slice}", now())

    async def hears(self, event: Event) -> None:
        _, handler = self.service.subscriptions.handlers[event.type]
        ask = handler(event)
        assert ask
        await self.service.committer.keep(ask)

    async def told(self) -> list[dict[str, Any]]:
        found = self.service.journal.rows.find({}).sort("clock", 1)
        return list(await found.to_list(None))

    async def forgets(self) -> None:
        files = [f"attachments.{part}" for part in ("files", "chunks", "unsettled")]
        await forget_all(self.service, *files)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world_of_all(mongo_url: str, insee_of_all: Insee) -> AsyncIterator[World]:
    settings = StructuresSettings(
        **settings_for(
            mongo_url,
            database_prefix="kept-",
            sirene_url=insee_of_all.url,
            sirene_per_minute=10_000,
            sirene_failures_most=10_000,
            sirene_remembered_for=0,
            page_size_most=100,
            unscanned_files=True,
        )
    )
    service = Service("structures", settings)
    world = World(service, settings)
    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    yield world
    await ended([keeping], again=GRACE + 2)
    await forget_whole(service)
    await service.mongo.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world(world_of_all: World, insee: Insee) -> World:
    """Creating a database is slow: one is emptied before each test."""
    await world_of_all.forgets()
    world_of_all.hears_users()
    return world_of_all


def rights(user: str, structure: str, **but: Any) -> RightsChanged:
    said = {
        "rattachement_id": f"{user}:{structure}",
        "user_id": user,
        "structure_id": structure,
        "role": "user",
        "version": 1,
    }
    return RightsChanged(**said | but)
