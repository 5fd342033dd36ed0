"""Does to the platform what the schedule says."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.faults.schedule import ROUND, Fault
from tests.faults.stage import Stage
from tests.faults.tally import clock, say

NOTICED = 3.0
"""Seconds after which who met a full disk has ended of it, if at all."""


class Storm:
    """Goes on, round by round, until enough have been killed."""

    def __init__(self, stage: Stage, rounds: Iterator[list[Fault]]) -> None:
        self._stage, self._rounds = stage, rounds
        self._lasting: set[asyncio.Task[None]] = set()

    async def run(self, *, kills: int, seconds: float) -> None:
        stage, tally, end = self._stage, self._stage.tally, clock() + seconds
        for n, faults in enumerate(self._rounds):
            if len(tally.deaths) >= kills or clock() > end:
                break
            say(f"{len(tally.deaths)} killed, round {n}: " + "; ".join(map(str, faults)))
            await self._round(faults)
        await asyncio.gather(*self._lasting)
        for name, life in stage.services.lives.items():
            if life.skew:  # To a service whose clock is an hour off, every word is too old.
                stage.services.kill(name)

    async def _round(self, faults: list[Fault]) -> None:
        began = clock()
        for fault in faults:
            await asyncio.sleep(max(0, began + fault.at - clock()))
            await self._strike(fault)
        await asyncio.sleep(max(0, began + ROUND - clock()))

    async def _strike(self, fault: Fault) -> None:
        stage = self._stage
        if fault.what == "kill":
            if fault.target in stage.services.lives:
                stage.services.kill(fault.target, fault.then)
                if fault.then.skew:
                    stage.tally.done[f"clock of {fault.target} wrong"] += 1
            else:
                for engine in await stage.engines(fault.target):
                    engine.kill()
            return
        doing = {"pause": self._pause, "mood": self._mood, "disk": self._disk}[fault.what](fault)
        task = asyncio.create_task(doing)
        self._lasting.add(task)
        task.add_done_callback(self._lasting.discard)

    async def _pause(self, fault: Fault) -> None:
        stage = self._stage
        stage.tally.done[f"pause of {fault.target}"] += 1
        if fault.target in stage.services.lives:
            await stage.services.pause(fault.target, fault.lasts)
        else:
            for engine in await stage.engines(fault.target):
                await engine.pause(fault.lasts)

    async def _mood(self, fault: Fault) -> None:
        if self._stage.post.mood == "well":
            self._stage.tally.done[f"SMTP {fault.target}"] += 1
            await self._stage.post.be(fault.target, fault.lasts)

    async def _disk(self, fault: Fault) -> None:
        disk = self._stage.disk
        if disk is None:
            return
        self._stage.tally.done["disk full"] += 1
        ballast, member = disk / "ballast", self._stage.members_of_mongo[-1]
        member.starved = True
        try:
            await asyncio.to_thread(_fill, ballast)
            await asyncio.sleep(fault.lasts)
        finally:
            ballast.unlink()
            await asyncio.sleep(NOTICED)
            member.starved = False


def _fill(ballast: Path) -> None:
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
            file.flush()
