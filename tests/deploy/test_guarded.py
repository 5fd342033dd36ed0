"""The main job as compose.yaml deploys it: a process for each service, and everybody signs in."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deploy import installation
from deploy.cli import app
from deploy.embedded import mail, sirene
from deploy.embedded.child import die_with
from deploy.installation import Installation
from deploy.serving import Server
from deploy.up import until_ready
from kit.settings import Connections
from tests import stack
from tests.conftest import UNHURRIED
from tests.deploy import guarded
from tests.platform import Platform, answered
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


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    secrets = tmp_path / "secrets"
    assert CliRunner().invoke(app, ["secrets", str(secrets)]).exit_code == 0
    names = [name for name in Installation.model_fields if name.endswith("_port")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    async with (
        guarded.kafka(tmp_path, secrets) as kafka,
        guarded.mongo(tmp_path, secrets) as mongo,
        AsyncExitStack() as started,
    ):
        where = told(Installation(**ports), kafka, mongo)
        for job in ("topics", "access"):
            words = [one.replace("/run/secrets", str(secrets)) for one in BLOCKS[job]["command"]]
            given = handed_over(job, secrets, tmp_path / job) | where
            with running(words, given, tmp_path / f"{job}.told") as process:
                code = await asyncio.to_thread(process.wait, 60)
            assert code == 0, (tmp_path / f"{job}.told").read_text()
        catcher = await mail.catch(tmp_path / "mail", ports["mail_port"])
        started.callback(catcher.close)
        register = Server("sirene", sirene.app(slowness=0), port=ports["sirene_port"])
        serving = asyncio.create_task(register.run_until_told())
        started.push_async_callback(register.stop, serving)
        for name in installation.service_names():
            given = handed_over(name, secrets, tmp_path / name) | where
            started.enter_context(running(["serve", name], given, tmp_path / f"{name}.told"))
        urls = {name: Installation(**ports).url_of(name) for name in installation.service_names()}
        await until_ready(urls, path="/readyz")
        platform = Platform(SimpleNamespace(data=tmp_path, ports=ports), kafka=kafka.kafka)
        yield platform
        await platform.http.aclose()


def told(here: Installation, kafka: Connections, mongo: Connections) -> dict[str, str]:
    """What differs from compose.yaml: everything is on this machine, on ports that are free."""
    others = {n: here.url_of(n) for n in installation.service_names() if n != "gateway"}
    ports = here.model_dump(include={n for n in Installation.model_fields if n.endswith("_port")})
    own = {
        "kafka": kafka.kafka,
        "mongo": mongo.mongo,
        "smtp_port": here.mail_port,
        "sirene_url": f"http://127.0.0.1:{here.sirene_port}/api-sirene/3.11",
        "upstreams": json.dumps(others),
        "host": "127.0.0.1",
    }
    return {
        f"CHORALE_{name.upper()}": str(value) for name, value in (UNHURRIED | ports | own).items()
    }


async def test_a_request_is_asked_for_decided_and_told(platform: Platform) -> None:
    claire, lea = await platform.register("Claire"), await platform.register("Lea")
    structure = await platform.create_structure(claire)
    asked = await platform.request_rattachement(lea, structure)
    decided = await platform.decide(claire, asked, verdict="approved")
    path = f"/v1/rattachements/{asked.json()['id']}"
    mine = answered(await platform.ask("GET", path, by=lea, after=decided), 200)
    assert mine["status"] == "granted"
    await platform.letter(lea.email, "rattachement")
