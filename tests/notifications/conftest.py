from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from kit.service import Service
from services.notifications.main import build
from services.notifications.settings import NotificationsSettings
from tests.approvals.stage import Stage
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.notifications.post_office import PostOffice


@dataclass
class World:
    """Notifications at work, and the SMTP server it writes through."""

    stage: Stage
    post: PostOffice


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world_of_all(mongo_url: str) -> AsyncIterator[World]:
    post = PostOffice()
    await post.open()
    settings = NotificationsSettings(
        **settings_for(
            mongo_url,
            database_prefix="kept-",
            smtp_port=post.port,
            smtp_connections=2,
            page_size=2,
        )
    )
    service = Service("notifications", settings)
    async with Stage(service, build(service)).at_work() as stage:
        yield World(stage, post)
    await forget_whole(service)
    await service.mongo.close()
    await post.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world(world_of_all: World) -> World:
    """Nobody known, nothing written."""
    await world_of_all.stage.forget()
    world_of_all.post.forget()
    return world_of_all
