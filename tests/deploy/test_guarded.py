"""The main job as compose.yaml deploys it: a process for each service, and everybody signs in."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from httpx import Response
from pydantic import SecretStr
from pymongo import AsyncMongoClient
from typer.testing import CliRunner

from deploy import installation, up
from deploy.cli import app
from deploy.embedded import mail, sirene
from deploy.embedded.child import die_with
from deploy.installation import Installation
from deploy.serving import Server
from kit.settings import Connections
from tests import stack
from tests.conftest import UNHURRIED
from tests.deploy import guarded
from tests.platform import PASSWORD, Platform, User, an_address, answered, refused, until
from tests.ports import free_ports

pytestmark = pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")

COMPOSE: dict[str, Any] = yaml.safe_load(
    (Path(installation.__file__).parent / "compose.yaml").read_text()
)
BLOCKS = COMPOSE["services"]


def handed_over(name: str, secrets: Path, to: Path) -> dict[str, str]:
    """The files and the variables that compose.yaml gives to a container, and nothing else."""
    block = BLOCKS[name]
    said = {one: str(value) for one, value in block["environment"].items()}
    if "volumes" in block:  # A job is given the whole folder.
        return said | {"CHORALE_SECRETS": str(secrets / "admin")}
    to.mkdir()
    for one in block["secrets"]:
        given = one if isinstance(one, dict) else {"source": one, "target": one}
        file = COMPOSE["secrets"][given["source"]]["file"].removeprefix("secrets/")
        (to / given["target"]).write_text((secrets / file).read_text())
    return said | {"CHORALE_SECRETS": str(to)}


@contextmanager
def running(
    arguments: list[str], env: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as told:
        process = subprocess.Popen(
            (sys.executable, "-m", "deploy.cli", *arguments),
            stdout=told,
            stderr=told,
            env={"PATH": os.environ["PATH"]} | env,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  # it takes no lock
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


class Deployed:
    """The services, each a process of its own that can be stopped and started again."""

    def __init__(self, folder: Path, secrets: Path, where: dict[str, str]) -> None:
        self.folder, self.secrets, self.where = folder, secrets, where
        self.admin = Connections(
            mongo=where["CHORALE_MONGO"],
            mongo_user="admin",
            mongo_password=SecretStr((secrets / "admin" / "chorale_mongo_password").read_text()),
        )
        self._running = dict[str, ExitStack]()
        self._turn = count()

    def start(self, name: str) -> None:
        given = handed_over(name, self.secrets, self._new_folder(name)) | self.where
        self._running[name] = ExitStack()
        log = self.folder / f"{name}.told"
        self._running[name].enter_context(running(["serve", name], given, log))

    async def stop(self, name: str) -> None:
        await asyncio.to_thread(self._running.pop(name).close)

    async def stop_all(self) -> None:
        await asyncio.gather(*(self.stop(name) for name in [*self._running]))

    async def do(self, *words: str, env: dict[str, str]) -> tuple[int, str]:
        """A command of ours, to its end: with what, and what it said."""
        log = self.folder / f"{words[0]}.told"
        with running([*words], env | self.where, log) as process:
            code = await asyncio.to_thread(process.wait, 90)
        return code, log.read_text()

    def as_operator(self, name: str) -> dict[str, str]:
        """The secrets of a service, but signed in as who may read and write all."""
        folder = self._new_folder("operator")
        handed_over(name, self.secrets, folder)
        for of in ("kafka", "mongo"):
            shutil.copy(self.secrets / "admin" / f"chorale_{of}_password", folder)
        return {
            "CHORALE_SECRETS": str(folder),
            "CHORALE_KAFKA_USER": "admin",
            "CHORALE_MONGO_USER": "admin",
        }

    def _new_folder(self, name: str) -> Path:
        return self.folder / f"{name}-{next(self._turn)}"


@pytest.fixture
async def deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Deployed, Platform]]:
    monkeypatch.setattr(up, "PATIENCE", 180)  # Twelve processes begin at once.
    secrets = tmp_path / "secrets"
    assert CliRunner().invoke(app, ["secrets", str(secrets)]).exit_code == 0
    names = [name for name in Installation.model_fields if name.endswith("_port")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    async with (
        guarded.kafka(tmp_path, secrets) as kafka,
        guarded.mongo(tmp_path, secrets) as mongo,
        AsyncExitStack() as started,
    ):
        deployed = Deployed(tmp_path, secrets, told(Installation(**ports), kafka, mongo))
        started.push_async_callback(deployed.stop_all)
        for job in ("topics", "access"):
            words = [one.replace("/run/secrets", str(secrets)) for one in BLOCKS[job]["command"]]
            given = handed_over(job, secrets, tmp_path / job)
            code, said = await deployed.do(*words, env=given)
            assert code == 0, said
        catcher = await mail.catch(tmp_path / "mail", ports["mail_port"])
        started.callback(catcher.close)
        register = Server("sirene", sirene.app(slowness=0), port=ports["sirene_port"])
        serving = asyncio.create_task(register.run_until_told())
        started.push_async_callback(register.stop, serving)
        for name in installation.service_names():
            deployed.start(name)
        urls = {name: Installation(**ports).url_of(name) for name in installation.service_names()}
        await up.until_ready(urls, path="/readyz")
        platform = Platform(tmp_path, ports, kafka=kafka.kafka)
        yield deployed, platform
        await platform.http.aclose()


def told(here: Installation, kafka: Connections, mongo: Connections) -> dict[str, str]:
    """What differs from compose.yaml: all is on this machine, on free ports; forms cost nothing."""
    others = {n: here.url_of(n) for n in installation.service_names() if n != "gateway"}
    ports = here.model_dump(include={n for n in Installation.model_fields if n.endswith("_port")})
    own = {
        "kafka": kafka.kafka,
        "mongo": mongo.mongo,
        "smtp_port": here.mail_port,
        "sirene_url": f"http://127.0.0.1:{here.sirene_port}/api-sirene/3.11",
        "upstreams": json.dumps(others),
        "host": "127.0.0.1",
        "effort_bits": 0,
    }
    return {
        f"CHORALE_{name.upper()}": str(value) for name, value in (UNHURRIED | ports | own).items()
    }


async def test_a_request_is_decided_and_users_comes_back_from_its_backup(
    deployed: tuple[Deployed, Platform],
) -> None:
    """Its database is lost: what it had told stays told, and what it had not heard it hears again."""
    services, platform = deployed
    claire, lea = await someone(platform), await platform.register("Lea")
    structure = await platform.create_structure(claire)
    asked = await platform.request_rattachement(lea, structure)
    operator, file = services.as_operator("users"), str(services.folder / "users.backup")
    code, said = await services.do("backup", "users", file, env=operator)
    assert code == 0, said
    decided = await platform.decide(claire, asked, verdict="approved")
    path = f"/v1/rattachements/{asked.json()['id']}"
    mine = answered(await platform.ask("GET", path, by=lea, after=decided), 200)
    assert mine["status"] == "granted"
    await platform.letter(lea.email, "rattachement")

    code, said = await services.do("restore", "users", file, env=operator)
    assert (code, "still run: stop them first" in said) == (1, True), said
    await services.stop("users")
    async with AsyncMongoClient[dict[str, Any]](
        services.admin.mongo,
        username="admin",
        password=services.admin.mongo_password.get_secret_value(),
    ) as client:
        await client.drop_database("users")
    code, said = await services.do("restore", "users", file, env=operator)
    assert code == 0, said
    assert "1 users.rattachement-granted.v1 told after the backup" in said
    services.start("users")

    refused(await until(partial(platform.ask, "GET", path, by=lea), ended), 401)
    lea, claire = await signs_in(platform, lea.email), await signs_in(platform, claire.email)
    again = partial(platform.ask, "GET", path, by=lea)
    await until(
        again,
        lambda seen: seen.status_code == 200 and seen.json()["status"] == "granted",
        patience=60,
    )
    ana = await platform.register("Ana")
    fresh = await platform.request_rattachement(ana, structure)
    decided = await platform.decide(claire, fresh, verdict="approved")
    path = f"/v1/rattachements/{fresh.json()['id']}"
    mine = answered(await platform.ask("GET", path, by=ana, after=decided), 200)
    assert mine["status"] == "granted"
    granted = [one for one in platform.letters(lea.email) if "rattachement" in one["subject"]]
    assert len({one["message-id"] for one in granted}) == len(granted)


async def someone(platform: Platform) -> User:
    """The first who comes in, perhaps before the gateway has heard every heartbeat."""
    claire = an_address("claire")
    with suppress(AssertionError):
        return await platform.register("Claire", email=claire)
    return await signs_in(platform, claire)


def ended(answer: Response) -> bool:
    return answer.status_code == 401


async def signs_in(platform: Platform, email: str) -> User:
    credentials = {"email": email, "password": PASSWORD}
    attempt = partial(platform.ask, "POST", "/v1/sessions", json=credentials)
    await until(attempt, lambda answer: answer.status_code == 201, patience=60)
    token = (await attempt()).json()["access_token"]
    me = partial(platform.ask, "GET", "/v1/me", by=User(email, token))
    await until(me, lambda answer: answer.status_code == 200, patience=60)
    return await platform.sign_in(email)
