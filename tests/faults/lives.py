"""The services as processes: each one started again whenever it dies, in the life it was given."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.child import Child
from tests.faults.points import NTH, POINT, SKEW
from tests.faults.tally import Tally

SOON = 0.2
"""Seconds until a process that died is started again."""


@dataclass(frozen=True, slots=True)
class Life:
    """What is wrong with a process from its start: nothing, its end, or its clocks."""

    point: str = ""
    nth: int = 0
    skew: float = 0

    def env(self) -> dict[str, str]:
        said = {POINT: self.point, NTH: str(self.nth), SKEW: str(self.skew or "")}
        return {name: value for name, value in said.items() if self.point or name == SKEW}


PLAIN = Life()


class Services:
    """Forked by the nursery, killed by their process ids."""

    def __init__(
        self, data: Path, ports: Mapping[str, int], env: Mapping[str, str], tally: Tally
    ) -> None:
        self._data, self._ports, self._env, self._tally = data, ports, env, tally
        self.pids: dict[str, int] = {}
        self.lives: dict[str, Life] = {}
        self._next: dict[str, Life] = {}
        self._killed: set[int] = set()
        self._births: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self) -> None:
        (self._data / "log").mkdir(parents=True, exist_ok=True)
        with (self._data / "log" / "nursery.log").open("ab") as log:
            self._nursery = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.faults.nursery"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._env},
                start_new_session=True,
            )
        self._listening = asyncio.create_task(self._listen())
        for name in self._ports:
            self._bear(name, PLAIN)

    def _bear(self, name: str, life: Life) -> None:
        self.lives[name] = life
        log = str(self._data / "log" / f"{name}.log")
        wanted = {"name": name, "port": self._ports[name], "env": life.env(), "log": log}
        assert self._nursery.stdin
        self._nursery.stdin.write(json.dumps(wanted).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._nursery.stdout
        async for line in self._nursery.stdout:
            told: dict[str, Any] = json.loads(line)
            if "born" in told:
                self.pids[told["name"]] = told["born"]
            elif "died" in told:
                self._died(told["died"], told["code"])

    def _died(self, pid: int, code: int) -> None:
        name = next(name for name, one in self.pids.items() if one == pid)
        del self.pids[name]
        if self._stopping:
            return
        life = self.lives[name]
        if code != -signal.SIGKILL:
            self._tally.fell.append(f"{name} ended with {code}")
        elif pid not in self._killed:
            self._tally.killed(name, "service", life.point)
        task = asyncio.create_task(self._again(name))
        self._births.add(task)
        task.add_done_callback(self._births.discard)

    async def _again(self, name: str) -> None:
        await asyncio.sleep(SOON)
        if not self._stopping:
            self._bear(name, self._next.pop(name, PLAIN))

    def kill(self, name: str, then: Life = PLAIN) -> bool:
        """Kill -9, and give it its next life; False when it is dead already."""
        self._next[name] = then
        if not (pid := self.pids.get(name)) or pid in self._killed:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # It has just ended at the point it was given.
            return False
        self._killed.add(pid)
        self._tally.killed(name, "service")
        return True

    async def pause(self, name: str, seconds: float) -> None:
        if pid := self.pids.get(name):
            await pause(pid, seconds)

    async def stop(self) -> None:
        """In order, as far as that goes; then for good."""
        self._stopping = True
        for pid in self.pids.values():
            os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            if not self.pids:
                break
            await asyncio.sleep(0.1)
        for pid in [*self.pids.values()]:
            os.kill(pid, signal.SIGKILL)
        assert self._nursery.stdin
        self._nursery.stdin.close()
        await self._nursery.wait()
        self._listening.cancel()


async def pause(pid: int, seconds: float) -> None:
    """SIGSTOP, for so long."""
    try:
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass  # It was killed meanwhile.


class Engine:
    """A broker or a member of MongoDB, started again whenever it dies."""

    def __init__(self, child: Child, kind: str, tally: Tally) -> None:
        self.child, self.kind, self._tally = child, kind, tally
        self.starved = False
        """Its disk is full: it may end by itself."""
        self.wanted = asyncio.Event()
        self.wanted.set()
        self._killed: int | None = None

    @property
    def name(self) -> str:
        return self.child.name

    async def keep(self) -> None:
        while True:
            process = self.child._process
            assert process
            code = await process.wait()
            if process.pid != self._killed and self.wanted.is_set():
                if self.starved:
                    self._tally.done[f"{self.kind} ended as its disk was full"] += 1
                else:
                    self._tally.fell.append(f"{self.name} ended with {code}")
            await self.wanted.wait()
            await asyncio.sleep(SOON)
            await self.child.spawn()

    def kill(self) -> bool:
        process = self.child._process
        if not process or process.returncode is not None or process.pid == self._killed:
            return False
        self._killed = process.pid
        os.kill(process.pid, signal.SIGKILL)
        self._tally.killed(self.name, self.kind)
        return True

    async def gone(self) -> None:
        """Have it die and stay dead until it is wanted again."""
        self.wanted.clear()
        self.child.kill()
        if self.child._process:
            await self.child._process.wait()

    async def pause(self, seconds: float) -> None:
        if pid := self.child.pid:
            await pause(pid, seconds)
