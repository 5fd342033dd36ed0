"""A service is what it serves, what it hears and what it owns."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from typing import Any, Generic

import structlog
from fastapi import APIRouter, FastAPI
from faststream.kafka import KafkaBroker
from typing_extensions import TypeVar  # the standard one has no default before Python 3.13

from kit import ops, traces
from kit.bus import Bus, Listener, Subscriptions
from kit.change import T
from kit.collection import Collection, Derived
from kit.committer import Committer
from kit.contents import Contents
from kit.frame import Frame, uploads
from kit.heard import Heard
from kit.http import KnownQuery, answer_problems
from kit.journal import Journal
from kit.kafka import secured, security
from kit.leases import Leases
from kit.logs import configure
from kit.measures import Measure, keep_measuring
from kit.mongo import IndexModel, Mongo, unavailable
from kit.parking import Parking
from kit.relay import Relay
from kit.settings import Settings
from kit.store import Store
from kit.tasks import ended
from kit.workers import GRACE, WAKE, Job

log = structlog.get_logger(__name__)


RESTORING = "restoring"
"""The collection that is there while a database is brought back from a backup."""


class HalfRestored(Exception):
    """This database is not whole: `chorale restore` has to end first."""


S_co = TypeVar("S_co", bound=Settings, covariant=True, default=Settings)


class Service(Generic[S_co]):
    """One deployable: built in services/<name>/main.py, run by uvicorn."""

    def __init__(self, name: str, settings: S_co, *, heartbeat: float = 10) -> None:
        self.name, self.settings = name, settings
        self.mongo = Mongo.of(name, settings)
        self.journal, self.leases = Journal(self.mongo), Leases(self.mongo, name=settings.member)
        self.relay = Relay(
            name,
            self.journal,
            self.leases,
            settings.kafka,
            secured=secured(settings),
            idempotent=settings.kafka_idempotence,
            heartbeat=heartbeat,
        )
        self.heard = Heard(
            self.mongo, max_age=settings.rights_max_age, patience=settings.consistency_patience
        )
        self.subscriptions = Subscriptions()
        self.parking = Parking(self.mongo, self.subscriptions.otherwise)
        self.store = Store(self.mongo, self.parking)
        self.committer = Committer(name, self.mongo, self.store, told=self.relay.wake)
        self.collections: list[Collection[Any]] = []
        self.kept_contents: list[Contents] = []
        self.jobs: Sequence[Job] = ()
        self.measures: Sequence[Measure] = ()
        self.broker = KafkaBroker(
            settings.kafka.split(","),
            security=security(settings),
            client_id=name,
            consumer_only=True,  # The relay has a producer of its own.
            allow_auto_create_topics=False,
            # 5 minutes by default: for as long nothing is heard of a topic that was not there yet
            # when we joined, as after a loss of all brokers.
            metadata_max_age_ms=5_000,
            # 40 s by default: for as long nothing is heard of what a broker led that hangs. A group
            # forms within one request, so this is longer than it may take.
            request_timeout_ms=int(settings.kafka_session * 1000) + 2_000,
            graceful_timeout=25,
            apply_types=False,
            logger=None,
        )

    def collection(
        self,
        name: str,
        kind: type[T],
        *,
        indexes: Sequence[IndexModel] = (),
        derived: Derived | None = None,
    ) -> Collection[T]:
        """
        Declare what the service keeps.

        ``derived`` gives search keys written beside each state, and never read back into it.
        """
        collection = Collection(
            name, self.mongo[name], kind, self.committer, indexes=tuple(indexes), derived=derived
        )
        self.collections.append(collection)
        return collection

    def contents(self, name: str) -> Contents:
        """Declare where the bytes of files are kept."""
        contents = Contents(self.mongo, name)
        self.kept_contents.append(contents)
        return contents

    @property
    def tells(self) -> bool:
        """Whether it has a topic of its own."""
        return tells(self.name)

    @property
    def topics(self) -> set[str]:
        return self.subscriptions.topics

    def app(
        self,
        *api: APIRouter,
        hears: Subscriptions | None = None,
        jobs: Sequence[Job] = (),
        measures: Sequence[Measure] = (),
        credentials: tuple[str, ...] = (),
        files: tuple[str, ...] = (),
    ) -> FastAPI:
        """
        The service as an ASGI application.

        ``credentials``: paths whose POST answers hold a secret, and so are never kept for replay.
        ``files``: paths to which files are posted, larger than other bodies.
        """
        if hears:
            self.subscriptions.handlers.update(hears.handlers)
            self.subscriptions.otherwise.update(hears.otherwise)
        self.jobs, self.measures = jobs, measures
        self.bus = Bus(self.name, self.subscriptions, self.committer, self.parking, self.heard)
        self.listener = Listener(
            self.broker,
            self.bus,
            self.topics,
            service=self.settings.database_prefix + self.name,
            most=self.settings.hear_at_once,
            session=self.settings.kafka_session,
            member=self.settings.member,
        )
        app = FastAPI(
            title=f"Chorale: {self.name}",
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        app.state.page_sizes = self.settings.page_size, self.settings.page_size_most
        app.state.service = self
        self._frame(app, credentials, files)
        for routes in (ops.probes(self), ops.internal(self)):
            app.include_router(routes)
        for routes in api:
            app.include_router(routes, dependencies=[KnownQuery])
        answer_problems(app)
        return app

    def _frame(self, app: FastAPI, credentials: tuple[str, ...], files: tuple[str, ...]) -> None:
        app.add_middleware(
            Frame,
            service=self.name,
            mongo=self.mongo,
            heard=self.heard,
            hears=frozenset(self.topics),
            internal_key=self.settings.internal_key.get_secret_value(),
            body_limit=self.settings.body_limit,
            file_limit=self.settings.file_limit,
            uploads=uploads(*files),
            credentials=credentials,
        )

    @property
    def waking(self) -> list[Collection[Any]]:
        """The collections whose entities wait for their time."""
        waking = {job.collection.name for job in self.jobs}
        return [one for one in self.collections if one.name in waking]

    async def prepare(self) -> None:
        """Collections and indexes exist before the first transaction needs them."""
        await self.mongo.create(*(one.name for one in self.collections))
        for collection in self.collections:
            indexes = [*collection.indexes, *([WAKE] if collection in self.waking else [])]
            if indexes:
                await collection.documents.create_indexes(indexes)
        for part in (self.store, self.journal, self.leases, self.parking, self.heard):
            await part.prepare()
        for contents in self.kept_contents:
            await contents.prepare()

    async def unwell(self) -> list[str]:
        """Why the service should get no traffic now; empty when all is well."""
        wrong = []
        try:
            async with asyncio.timeout(2):
                await self.mongo.ping()
        except Exception:
            wrong.append("MongoDB does not answer")
        if not self.listener.assigned:
            wrong.append("nothing is heard from Kafka yet")
        return wrong

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        configure(self.settings.log_level)
        traces.configure(self.settings.traces, self.settings.traces_ratio)
        await self._prepare_patiently()
        # What is loaded by now stays. Left to itself, the collector walks through all of it again
        # and again, which halved the speed of hearing when it was tried.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        keeping = asyncio.create_task(self.committer.run())
        # In the background: requests are answered while Kafka is away or a group is joining.
        tasks = [asyncio.create_task(_kept(work, self.name)) for work in self._background()]
        try:
            yield
        finally:
            await self.listener.stop()  # first, and it waits for what is being heard
            await ended(tasks, again=GRACE + 2)
            await ended([keeping], again=1)
            await self.mongo.close()
            await asyncio.to_thread(traces.flush)

    def _background(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            *([self.relay.run] if self.tells else []),
            self.listener.run,
            self.listener.watch,
            partial(self.bus.keep_retrying, self.settings.retry_every),
            partial(self.heard.keep_saving, 1),
            partial(keep_measuring, self),
            *(partial(job.run, self.committer) for job in self.jobs),
        ]

    async def _prepare_patiently(self) -> None:
        while True:
            try:
                if await self.mongo[RESTORING].find_one():
                    raise HalfRestored(self.mongo.name)
                return await self.prepare()
            except Exception as error:
                if not (isinstance(error, OSError) or unavailable(error)):
                    raise
                reason = type(error).__name__
            log.warning("MongoDB is away: the service waits", service=self.name, reason=reason)
            await asyncio.sleep(1)


def tells(service: str) -> bool:
    """Whether a service tells anything: the contracts have one module for each that does."""
    return find_spec(f"contracts.{service}") is not None


async def _kept(work: Callable[[], Awaitable[None]], service: str) -> None:
    """A background task that ended by an error would leave a service that only looks alive."""
    while True:
        try:
            return await work()
        except Exception:
            log.critical(
                "a background task failed and begins again", service=service, exc_info=True
            )
            await asyncio.sleep(1)
