"""The image without an engine: what its first stage does, then a service from that alone."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from deploy import installation
from deploy.cli import app
from tests.ports import free_ports

pytestmark = pytest.mark.skipif(
    not os.environ.get("CHORALE_TEST_IMAGE"), reason="make test-image installs from the lock"
)

DEPLOY = Path(installation.__file__).parent
NOBODY = 65534


@pytest.fixture
def outside():
    """A folder that nobody may enter, unlike pytest's own."""
    folder = Path(mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def build(root: Path) -> None:
    """The lines of the first stage, below a folder instead of /."""
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    first, _ = [n for n, line in enumerate(lines) if line.startswith("FROM")]
    at = root
    for line in lines[first + 1 :]:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            return
        if word == "WORKDIR":
            at = root / rest.strip("/")
            at.mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            source, target = rest.split()
            copied = DEPLOY.parent / source
            copy = shutil.copytree if copied.is_dir() else shutil.copy
            copy(copied, at / target)
        elif word == "RUN":
            command = rest.replace("/opt/chorale", str(root / "opt/chorale"))
            command = re.sub(
                "^python", runs_for_all() if " venv " in command else sys.executable, command
            )
            subprocess.run(shlex.split(command), cwd=at, check=True, stdout=subprocess.DEVNULL)


def open_to_all(program: Path) -> bool:
    """Whether anybody may run it: an interpreter below somebody's home is theirs alone."""
    return all(one.stat().st_mode & 1 for one in (program, *program.parents))


def runs_for_all() -> str:
    """An interpreter that anybody may run, if there is one."""
    known = (sys.executable, "/usr/bin/python3")
    return next((one for one in known if open_to_all(Path(one).resolve())), sys.executable)


def answers(url: str) -> bool:
    for _ in range(600):
        with suppress(OSError), urlopen(url) as answer:
            return bool(answer.status == 200)
        time.sleep(0.1)
    return False


def test_serves_as_nobody_with_secrets_from_files(outside: Path, mongo_url: str) -> None:
    build(outside)
    python = outside / "opt/chorale/bin/python"
    listed = [str(python), "-c", "import importlib.util as i; print(i.find_spec('pip'))"]
    assert subprocess.run(listed, capture_output=True, text=True, check=True).stdout == "None\n"

    secrets = outside / "secrets"
    assert CliRunner().invoke(app, ["secrets", str(secrets)]).exit_code == 0
    [port, kafka] = free_ports(2)
    nobody = os.getuid() == 0 and open_to_all(Path(runs_for_all()).resolve())
    if nobody:
        for one in (secrets, *secrets.rglob("*")):
            os.chown(one, NOBODY, NOBODY)
    process = subprocess.Popen(
        [str(python), "-m", "deploy.cli", "serve", "users"],
        cwd=outside / "app",
        env={
            "CHORALE_SECRETS": str(secrets),
            "CHORALE_MONGO": mongo_url,
            "CHORALE_DATABASE_PREFIX": "image-",
            "CHORALE_KAFKA": f"127.0.0.1:{kafka}",  # Nobody: a service answers without it.
            "CHORALE_USERS_PORT": str(port),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=NOBODY if nobody else None,
        group=NOBODY if nobody else None,
    )
    try:
        assert answers(f"http://127.0.0.1:{port}/livez")
        check = [str(python), "-m", "deploy.alive", f"http://127.0.0.1:{port}/livez"]
        assert subprocess.run(check, cwd=outside / "app", check=False).returncode == 0
    finally:
        process.terminate()
        assert process.wait(40) in {0, -signal.SIGTERM}
