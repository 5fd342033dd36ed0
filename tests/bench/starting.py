"""``chorale up`` on a folder that has its data: how long until ready, how much memory."""

import asyncio
import signal
import tempfile
import time
from pathlib import Path

from tests.bench.results import Claim, Measured, Result
from tests.running import Running

SETTLED_AFTER = 5


def memory(pid: int) -> float:
    """MB of one process: what it shares with others counts in part (PSS)."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(told.partition("\nPss:")[2].split()[0]) / 1024


def started(folder: Path) -> tuple[float, float]:
    """Seconds until ready, and MB a while after that."""
    running = Running(folder)
    began = time.perf_counter()
    running.start()
    try:
        while "\nready\n" not in running.told.read_text():
            if running.process.poll() is not None:
                raise RuntimeError(running.told.read_text())
            time.sleep(0.01)
        seconds = time.perf_counter() - began
        time.sleep(SETTLED_AFTER)
        megabytes = sum(map(memory, [running.process.pid, *running.children()]))
    finally:
        running.stop(signal.SIGTERM)
    return seconds, megabytes


async def starting(runs: int, *, quick: bool) -> Result:
    """Row: the whole platform, embedded."""
    with tempfile.TemporaryDirectory(prefix="chorale-bench-") as folder:
        first, _ = await asyncio.to_thread(started, Path(folder))
        found = [await asyncio.to_thread(started, Path(folder)) for _ in range(runs)]
    seconds, megabytes = zip(*found, strict=True)
    return Result(
        title="Starting the whole platform",
        claims=(
            Claim(Measured("later runs: until ready", "s", seconds), at_most=8),
            Claim(Measured("memory", "MB", megabytes), at_most=600),
        ),
        parts=(Measured("first run: until ready, demo loaded", "s", (first,)),),
        notes=(
            (
                "`chorale up`, all embedded, with the demo, from the start of the command to its line "
                f"`ready`. Memory is PSS of the command, `mongod` and the broker, {SETTLED_AFTER} s "
                "after that."
            ),
        ),
    )
