"""``chorale up`` in a process of its own, as a person runs it."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from deploy import installation
from tests.running import PATIENCE, Running, are_gone


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path)
    yield one
    if one.process.poll() is None:
        one.stop(signal.SIGTERM)


def test_everything_starts_answers_and_stops(running: Running) -> None:
    # The demo registers as everybody does, also where that takes a proof of work.
    running.start(effort_bits=10).says("^ready$")
    assert all(running.is_ready(name) for name in installation.service_names())
    assert "claire.martin@chorale.example" in running.told.read_text()
    with urlopen(f"http://127.0.0.1:{running.ports['mail_page_port']}/") as page:
        assert "Activez" in page.read().decode()
    secrets = (running.data / "secrets").iterdir()
    assert {one.stat().st_mode & 0o777 for one in secrets} == {0o600}

    second = Running(running.data / "second").start(data=running.data)
    assert second.process.wait(PATIENCE) == 1
    assert str(running.process.pid) in second.says("already runs on .*")

    started = running.children()
    assert len(started) == 2
    assert running.stop(signal.SIGINT) == 0
    assert are_gone(started)

    with a_mongod_that_is_ending(running):
        running.start().says("^ready$")  # with the same data: nothing is registered twice
    assert len(list((running.data / "mail").glob("*.eml"))) == 3
    assert running.stop(signal.SIGTERM) == 0


ENDING = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(3)
"""


def a_mongod_that_is_ending(running: Running) -> subprocess.Popen[bytes]:
    """As of a run that was killed: it has its lock and its port for a moment yet."""
    port = str(running.ports["mongo_port"])
    one = subprocess.Popen(["mongod", "-c", ENDING, port], executable=sys.executable)
    (running.data / "mongo" / "mongod.lock").write_text(f"{one.pid}\n")
    return one


def test_a_port_that_is_taken_is_named_and_nothing_is_started(running: Running) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", running.ports["users_port"]))
        somebody.listen()
        running.start()
        assert running.process.wait(PATIENCE) == 1
    assert running.says(f"Port {running.ports['users_port']} is taken: set CHORALE_USERS_PORT")
    assert not (running.data / "mongo").exists()
