from collections.abc import AsyncIterator

import pytest_asyncio

from kit.service import Service
from services.approvals.main import build
from services.approvals.settings import ApprovalsSettings
from tests.approvals.stage import Stage
from tests.conftest import settings_for
from tests.forgetting import forget_whole


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage_of_all(mongo_url: str) -> AsyncIterator[Stage]:
    service = Service(
        "approvals", ApprovalsSettings(**settings_for(mongo_url, database_prefix="kept-"))
    )
    async with Stage(service, build(service)).at_work() as stage:
        yield stage
    await forget_whole(service)
    await service.mongo.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(stage_of_all: Stage) -> Stage:
    """Nothing asked, nobody seated, and users is heard."""
    await stage_of_all.forget()
    return stage_of_all
