import gc
import json
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

import tests.account_scenes
import tests.approval_scenes
import tests.channel_scenes
import tests.client_scenes
import tests.espace_scenes
import tests.filing_scenes
import tests.habilitation_scenes
import tests.letter_scenes
import tests.management_scenes
import tests.personal_scenes
import tests.rattachement_scenes
import tests.structure_scenes
import tests.ticket_list_scenes
import tests.ticket_scenes  # noqa: F401  # they add their scenes
from kit.mongo import Mongo
from kit.service import Service
from kit.settings import Settings
from tests import stack
from tests.forgetting import forget
from tests.platform import OPERATORS, Platform, User, until
from tests.ports import free_ports
from tests.quick import Quick
from tests.running import Running
from tests.scenes import Cast
from tests.stub_provider import REDIRECT, Stub, a_stub, said_of, url_of
from tests.together import made_once
from tests.turns import WORKER, WORKERS

pytest_plugins = ("tests.feature_marks",)
# How long an example takes says more of the machine than of what is tried.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
# By default each error that is logged shows all variables of all frames, and takes a second for it.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
_turn = count()
gc.disable()  # Until all is collected: nothing of that goes.
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30

EVERY_SERVICES = frozenset(
    ("discarded", "heard", "heartbeats", "journal", "once", "parked", "relays", "slices")
)

CHEAP_PASSWORDS = {"password_memory": 7168, "password_passes": 1}
"""The least there may be: what hashing costs an attacker, it costs each test that signs in."""

UNHURRIED = CHEAP_PASSWORDS | {
    "access_for": "PT1H",
    "client_access_for": "PT1H",
    "address_failures": 1_000_000,
    "caller_rate": "1000000/second",
    "credential_rate": "100000/minute",
    "exchange_always": True,
    "exports_most": 1_000_000,
    "heartbeat_every": 6,
    "letters_most": 1_000_000,
    "operators": ",".join(OPERATORS),
    "personal_files_most": 1_000_000,
    "rights_max_age": 30,
    "sign_in_failures": 1_000_000,
    "sirene_per_minute": 100_000,
    "vacancy_claims_most": 1_000_000,
}
"""
All tests come from one address, and sign in more often than a person and a processor do.

How soon what is known of rights is too old is tried where it is decided (tests/kit/test_rights.py,
tests/gateway): here it would say of a busy machine that it is busy.
"""


LONGEST = (
    "test_permissions.py",
    "journeys/test_hostile.py",
    "deploy/test_up.py",
    "faults/test_kill.py",
    "journeys/",
)
"""What begins first, lest in the end all wait for one process that does it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        starts = (item.nodeid.startswith(f"tests/{one}") for one in LONGEST)
        return next((n for n, long in enumerate(starts) if long), len(LONGEST))

    items.sort(key=turn)


def pytest_collection_finish() -> None:
    """What was loaded for all tests stays: left to itself, the collector walks through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are processors: tests wait for others too."""
    return (yield) + 1


def pytest_report_header() -> str:
    return f"stack: {stack.described()}"


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where data is that no test cuts off: in memory if there is room, for a disk makes it wait."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield tmp_path_factory.mktemp("shared")
        return
    with tempfile.TemporaryDirectory(prefix="chorale-tests-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
async def mongo_url(shared: Path) -> AsyncIterator[str]:
    async with stack.mongo(shared) as url:
        yield url


@pytest.fixture(scope="session")
async def kafka_url(shared: Path) -> AsyncIterator[str]:
    async with stack.kafka(shared) as url:
        yield url


def settings_for(mongo_url: str, **but: Any) -> dict[str, Any]:
    """Settings of a test: databases of its own, keys that are no secret."""
    return {
        "mongo": mongo_url,
        "database_prefix": f"t{next(_turn)}-",
        "internal_key": "internal-key-of-the-tests-0123456789",
        "link_key": "link-key-of-the-tests-0123456789abcd",
        "second_factor_keys": "a2V5cy1vZi10aGUtdGVzdHMtMDEyMzQ1Njc4OWFiY2Q=",
        "effort_bits": 0,
        "kafka_idempotence": stack.idempotence(),
        "kafka_session": stack.shortest_session(),
        **CHEAP_PASSWORDS,
    } | but


@pytest.fixture(params=["motor", "pymongo"])
async def service(request: pytest.FixtureRequest, mongo_url: str) -> AsyncIterator[Service]:
    """A service of no business, to try the kit with, under each driver."""
    known = {"mongo_driver": request.param, "database_prefix": "tried-"}
    service = Service("trial", Settings(**settings_for(mongo_url, **known)))
    yield service
    await emptied(service.mongo)
    await service.mongo.close()


async def emptied(mongo: Mongo) -> None:
    """As new, but for what every service keeps: making that again takes longer than most tests."""
    there = {*await mongo._database.list_collection_names()}
    await forget(mongo, EVERY_SERVICES & there)
    for name in there - EVERY_SERVICES:
        await mongo[name].drop()


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of this run find what they share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if WORKERS > 1 else own


@pytest.fixture(scope="session")
def brought(request: pytest.FixtureRequest) -> dict[str, str]:
    """A Kafka that the platform does not start itself, if the tests are to meet one."""
    # An asynchronous fixture could not ask for this one: two loops would run.
    return {"kafka": request.getfixturevalue("kafka_url")} if stack.apache() else {}


@pytest.fixture(scope="session")
async def place(
    common: Path, shared: Path, brought: dict[str, str]
) -> AsyncIterator[dict[str, Any]]:
    """Where the platform is, started once for all processes."""

    @asynccontextmanager
    async def start() -> AsyncIterator[dict[str, Any]]:
        running, providers = Running(shared / "platform", "--no-demo"), free_ports(WORKERS)
        known = {
            "oidc_providers": json.dumps(
                [said_of(url_of(port), n) for n, port in enumerate(providers)]
            ),
            "oidc_redirect_uris": REDIRECT,
        }
        running.start(**UNHURRIED, **known, **brought).says("^ready$")
        yield {"data": str(running.data), "ports": running.ports, "providers": providers, **brought}
        running.stop(signal.SIGTERM)

    async with made_once(common, start) as made:
        yield made


@pytest.fixture(scope="session")
async def platform(place: dict[str, Any]) -> AsyncIterator[Platform]:
    """The whole platform: each test brings people and structures of its own."""
    platform = Platform(
        Path(place["data"]), place["ports"], kafka=place.get("kafka", ""), transport=Quick()
    )
    yield platform
    await platform.http.aclose()


@pytest.fixture(scope="session")
async def provider(place: dict[str, Any]) -> AsyncIterator[Stub]:
    """An identity provider that the platform knows, of this process alone."""
    async with a_stub(place["providers"][WORKER]) as stub:
        yield stub


@pytest.fixture(scope="session")
async def operator(platform: Platform) -> User:
    olivia = await platform.operator()
    health = partial(platform.ask, "GET", "/v1/ops/health", by=olivia)
    await until(health, lambda answer: answer.status_code == 200 and answer.json()["ready"])
    return olivia


@pytest.fixture(scope="session")
async def cast(platform: Platform, operator: User, provider: Stub) -> Cast:
    return await Cast.around(platform, operator, provider)
