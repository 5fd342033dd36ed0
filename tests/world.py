"""Every service in one process, on a real MongoDB; the tests carry the events themselves, twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from joserfc.jwk import OKPKey

from kit.clock import now
from kit.internal import Caller
from kit.journal import SLICES, Row, headers
from kit.record import Record
from kit.service import Service
from kit.settings import Settings
from kit.tasks import ended
from kit.workers import GRACE
from services.approvals.main import build as approvals
from services.approvals.settings import ApprovalsSettings
from services.notifications.main import build as notifications
from services.notifications.settings import NotificationsSettings
from services.structures.main import build as structures
from services.structures.settings import StructuresSettings
from services.support.main import build as support
from services.support.settings import SupportSettings
from services.users.main import build as users
from services.users.settings import UsersSettings
from tests.calling import NOBODY, Client

BUILDERS: dict[str, tuple[Callable[[Any], FastAPI], type[Settings]]] = {
    "users": (users, UsersSettings),
    "structures": (structures, StructuresSettings),
    "approvals": (approvals, ApprovalsSettings),
    "notifications": (notifications, NotificationsSettings),
    "support": (support, SupportSettings),
}
KEY = OKPKey.generate_key("Ed25519").as_pem(private=True).decode()
ALL_SLICES = dict.fromkeys(range(SLICES), 0)


class World:
    """What a journey acts on. Nothing is heard until the test lets it ``settle``."""

    def __init__(self, **settings: Any) -> None:
        known = settings | {"access_private_key": KEY}
        self.services = {name: Service(name, kind(**known)) for name, (_, kind) in BUILDERS.items()}
        self.apps = {name: build(self.services[name]) for name, (build, _) in BUILDERS.items()}
        self.log: list[tuple[str, str]] = []
        """The type of each event told, and the journey it belongs to."""

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["World"]:
        services = self.services.values()
        await asyncio.gather(*(service.prepare() for service in services))
        keeping = [asyncio.create_task(service.committer.run()) for service in services]
        jobs = [
            asyncio.create_task(job.run(service.committer))
            for service in services
            for job in service.jobs
        ]
        try:
            await self.settle()
            yield self
        finally:
            # What jobs are about is still kept.
            for tasks in (jobs, keeping):
                await ended(tasks, again=GRACE + 2)
            for service in self.services.values():
                await service.mongo.drop()
                await service.mongo.close()

    def call(self, service: str, caller: Caller = NOBODY) -> Client:
        return Client(self.apps[service], caller)

    async def settle(self) -> None:
        """Let everything told be heard by all, twice each, until nobody has anything to say."""
        services = self.services.values()
        while any([await self._carry(service) for service in services]):
            pass
        for hearer in services:
            assert await hearer.parking.list("", 10) == []
            for teller in self.services:
                for slice in range(SLICES):
                    hearer.heard.beat(f"{teller}.events/{slice}", now())

    async def _carry(self, service: Service) -> bool:
        if not await service.journal.has_waiting([*ALL_SLICES]):
            return False
        rows = await service.journal.position(ALL_SLICES, 1000)
        self.log += [(row["type"], row["correlation"]) for row in rows]
        topic = f"{service.name}.events"
        told = [record(row, topic=topic) for row in rows for _ in range(2)]
        hearers = [one for one in self.services.values() if topic in one.topics]
        await asyncio.gather(*(self._bring(hearer, told) for hearer in hearers))
        return True

    async def _bring(self, hearer: Service, told: list[Record]) -> None:
        assert await hearer.bus.hear(told) == set()
        await hearer.bus.hear(told)


def record(row: Row, *, topic: str) -> Record:
    """A row of the journal as Kafka would bring it."""
    given = {name: value.decode() for name, value in headers(row)}
    return Record(topic, row["slice"], 0, row["key"], given, row["data"])
