from collections.abc import AsyncIterator

import pytest

from kit.service import Service
from services.support.settings import SupportSettings
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.support.desk import MINE, OTHER, Desk


@pytest.fixture(scope="module")
async def open_desk(mongo_url: str) -> AsyncIterator[Desk]:
    service = Service(
        "support", SupportSettings(**settings_for(mongo_url, database_prefix="kept-"))
    )
    async with Desk(service).at_work() as desk:
        yield desk
    await forget_whole(service)
    await service.mongo.close()


@pytest.fixture
async def desk(open_desk: Desk) -> Desk:
    """No ticket yet; Ana and Bob are attached to one of two structures, and users is heard."""
    await open_desk.forget()
    for structure, name in ((MINE, "Menuiserie Petit"), (OTHER, "Mairie de Rennes")):
        await open_desk.hear_structure(structure, name)
    for user in ("ana", "bob"):
        await open_desk.hear_rights(user, MINE)
    open_desk.hear_heartbeats()
    return open_desk
