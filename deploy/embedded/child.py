"""A process that we start, start again when it dies, and end; and that never outlives us."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog

from deploy.trouble import Trouble

log = structlog.get_logger(__name__)

LOG_LIMIT = 10_000_000
FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
"""Seconds before a process that died is started again: doubled each time it dies young."""
SETTLED_AFTER = 60

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec nothing may be imported.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """
    One process of ours.

    ``ready`` returns once the process serves. It runs in its own session: Ctrl-C in a terminal
    reaches us alone, so that we end it in our order.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log_file: Path,
        ready: Callable[[], Awaitable[object]],
        env: Mapping[str, str] | None = None,
        patience: float = 60,
    ) -> None:
        self.name, self.command, self.log_file = name, command, log_file
        self._ready, self._env, self._patience = ready, env or {}, patience
        self._process: asyncio.subprocess.Process | None = None
        self._wanted = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def spawn(self) -> None:
        self._wanted = True
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT:
            self.log_file.replace(self.log_file.with_suffix(".old.log"))
        parent = os.getpid()
        with self.log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self._env},
                start_new_session=True,
                preexec_fn=lambda: die_with(parent),
            )

    async def until_ready(self) -> None:
        if not self._process:
            raise RuntimeError("It was not spawned")
        ready = asyncio.ensure_future(self._ready())
        ended = asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait(
                (ready, ended), timeout=self._patience, return_when=asyncio.FIRST_COMPLETED
            )
            if ready.done():
                ready.result()
                return
            why = f"ended with {ended.result()}" if ended.done() else "does not answer"
            raise Trouble(f"{self.name} {why}: see {self.log_file}")
        finally:
            ready.cancel()
            ended.cancel()

    async def keep(self) -> None:
        """Start it again whenever it dies, each time a little later."""
        loop = asyncio.get_running_loop()
        delay, began = FIRST_DELAY, loop.time()
        while self._process:
            code = await self._process.wait()
            if not self._wanted:
                return
            if loop.time() - began > SETTLED_AFTER:
                delay = FIRST_DELAY
            log.warning("a process died and is started again", process=self.name, code=code)
            await asyncio.sleep(delay)
            if not self._wanted:
                return
            delay, began = min(2 * delay, LONGEST_DELAY), loop.time()
            await self.spawn()
            try:
                await self.until_ready()
            except Trouble as problem:
                log.warning(str(problem))

    async def stop(self, patience: float = 20) -> None:
        self._wanted = False
        if not self._process or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except TimeoutError:
            log.warning("a process had to be killed", process=self.name)
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        self._wanted = False
        if self._process and self._process.returncode is None:
            self._process.kill()


def die_with(parent: int) -> None:
    """Between fork and exec of a child: have it told to end when the thread that forks it does."""
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
