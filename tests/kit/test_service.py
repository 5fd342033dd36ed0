"""How a service begins, and ends."""

import asyncio
import socket

from kit.service import Service
from kit.settings import Settings
from kit.tasks import ended
from tests.conftest import settings_for


class TestPrepare:
    async def test_may_be_done_by_several_processes_at_once(self, service: Service):
        names = [f"c{n}" for n in range(10)]
        await asyncio.gather(*(service.mongo.create(*names) for _ in range(4)))
        others = [Service("trial", service.settings) for _ in range(4)]
        await asyncio.gather(*(one.prepare() for one in others))
        for one in others:
            await one.mongo.close()


class TestEnded:
    async def test_is_what_a_task_is_that_lost_a_cancellation(self):
        async def deaf() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                await asyncio.sleep(60)

        task = asyncio.create_task(deaf())
        await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await ended([task], again=0.05)
        assert task.cancelled()


class TestMember:
    def test_is_the_name_given_with_that_of_the_machine_in_it(self, mongo_url: str) -> None:
        settings = settings_for(mongo_url)
        named = Settings(**settings | {"kafka_member": "a-{host}"})
        assert named.member == f"a-{socket.gethostname()}"
        assert Settings(**settings).member is None
