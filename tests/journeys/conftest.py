import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.embedded.sirene import app as sirene
from deploy.serving import Server
from tests.conftest import settings_for
from tests.journeys.town import Town
from tests.notifications.post_office import PostOffice
from tests.ports import free_ports
from tests.world import World


@pytest.fixture(scope="session")
async def sirene_url() -> AsyncIterator[str]:
    [port] = free_ports(1)
    server = Server("sirene", sirene(slowness=0), port=port)
    running = asyncio.create_task(server.run_until_told())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}/api-sirene/3.11"
    await server.stop(running)


@asynccontextmanager
async def a_town(kind: type[World], mongo_url: str, sirene_url: str) -> AsyncIterator[Town]:
    office = PostOffice()
    await office.open()
    world = kind(
        **settings_for(mongo_url),
        smtp_port=office.port,
        sirene_url=sirene_url,
        operators="ops@example.org",
    )
    async with world.at_work():
        yield Town(world, office)
    await office.close()


@pytest.fixture(scope="session")
async def built(mongo_url: str, sirene_url: str) -> AsyncIterator[Town]:
    async with a_town(World, mongo_url, sirene_url) as town:
        yield town


@pytest.fixture
def town(built: Town) -> Town:
    """The whole platform: built once, and new people and structures for each journey."""
    built.office.forget()
    built.world.log.clear()
    return built
