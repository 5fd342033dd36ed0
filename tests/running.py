"""``chorale up`` in a process of its own, as a person runs it, on ports that nobody else has."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from deploy.embedded.child import die_with
from deploy.installation import Installation
from tests.ports import free_ports

PATIENCE = 90


class Running:
    """One ``chorale up``."""

    def __init__(self, folder: Path, *options: str) -> None:
        names = [name for name in Installation.model_fields if name.endswith("_port")]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.data, self.options = folder / "var", options
        self.told = folder / "told"
        folder.mkdir(exist_ok=True)

    def start(self, **env: object) -> "Running":
        variables = self.ports | {"data": self.data} | env
        with self.told.open("w") as told:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "deploy.cli", "up", *self.options),
                stdout=told,
                stderr=told,
                env=os.environ | {f"CHORALE_{n.upper()}": str(v) for n, v in variables.items()},
                preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  # it takes no lock
            )
        return self

    def says(self, pattern: str) -> str:
        for _ in range(PATIENCE * 10):
            if found := re.search(pattern, self.told.read_text(), re.MULTILINE):
                return found[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"It says nothing like {pattern}:\n{self.told.read_text()}")

    def is_ready(self, service: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.ports[service + '_port']}/readyz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def until_ready(self, service: str) -> None:
        for _ in range(PATIENCE * 10):
            if self.is_ready(service):
                return
            time.sleep(0.1)
        raise AssertionError(f"{service} is not ready:\n{self.told.read_text()}")

    def children(self) -> dict[int, str]:
        """What it started, by process: what each was called with."""
        listed = subprocess.run(
            ("ps", "-A", "-o", "pid=,ppid=,args="), capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
        return {int(pid): args for pid, ppid, args in rows if int(ppid) == self.process.pid}

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


def are_gone(processes: Iterable[int]) -> bool:
    for _ in range(300):
        if not any(map(_lives, processes)):
            return True
        time.sleep(0.1)
    return False


def _lives(pid: int) -> bool:
    stat = subprocess.run(
        ("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True, check=False
    )
    return bool(stat.stdout.strip()) and not stat.stdout.startswith("Z")
