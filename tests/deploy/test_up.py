"""``chorale up`` in a process of its own, as a person runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from deploy import installation
from tests.running import PATIENCE, Running


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path)
    yield one
    if one.process.poll() is None:
        one.stop(signal.SIGTERM)


@pytest.fixture
def each(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path, "--each", "--no-demo")
    yield one
    if one.process.poll() is None:
        one.stop(signal.SIGTERM)


def are_gone(processes: dict[int, str]) -> bool:
    for _ in range(300):
        if not any(_lives(pid) for pid in processes):
            return True
        time.sleep(0.1)
    return False


def _lives(pid: int) -> bool:
    stat = subprocess.run(
        ("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True, check=False
    )
    return bool(stat.stdout.strip()) and not stat.stdout.startswith("Z")


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

    running.start().says("^ready$")  # with the same data: nothing is registered twice
    assert len(list((running.data / "mail").glob("*.eml"))) == 3
    assert running.stop(signal.SIGTERM) == 0


def test_a_port_that_is_taken_is_named_and_nothing_is_started(running: Running) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", running.ports["users_port"]))
        somebody.listen()
        running.start()
        assert running.process.wait(PATIENCE) == 1
    assert running.says(f"Port {running.ports['users_port']} is taken: set CHORALE_USERS_PORT")
    assert not (running.data / "mongo").exists()


@pytest.mark.faults
def test_one_process_each_comes_back_alone_and_never_outlives_us(each: Running) -> None:
    each.start().says("^ready$")
    started = each.children()
    assert len(started) == 2 + len(installation.service_names())
    [users] = [pid for pid, args in started.items() if args.endswith("serve users")]
    os.kill(users, signal.SIGKILL)
    assert are_gone({users: ""})
    for _ in range(PATIENCE * 10):
        if each.is_ready("users"):
            break
        time.sleep(0.1)
    assert each.is_ready("users")
    assert len(set(each.children()) - set(started)) == 1

    started = each.children()
    each.stop(signal.SIGKILL)
    if sys.platform == "linux":  # Elsewhere nothing tells a child that its parent is gone.
        assert are_gone(started)
