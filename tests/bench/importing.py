"""The bulk import of structures, beside a platform that runs."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

from tests.bench import directory
from tests.bench.directory import Directory
from tests.bench.results import Claim, Measured, Result
from tests.running import Running

GAUGE = re.compile(
    r'^chorale_(structures_awaiting_search|measured_timestamp_seconds){service="structures"} (\S+)$',
    re.MULTILINE,
)
TOLD = re.compile(r"([\d,]+) lines in ([\d.]+) s: ([\d,]+) created")


def write(files: list[Path], lines: int) -> None:
    """Files of different structures, in the columns of the public directory."""
    structures = Directory().structures(lines * len(files))
    for file in files:
        with file.open("w", newline="") as opened:
            directory.write(islice(structures, lines), opened)


def imported(file: Path, running: Running) -> tuple[float, int]:
    """Structures created each second, and how many."""
    ports = {f"CHORALE_{name.upper()}": str(port) for name, port in running.ports.items()}
    done = subprocess.run(
        (sys.executable, "-m", "deploy.cli", "import", "structures", str(file)),
        env=os.environ | ports | {"CHORALE_DATA": str(running.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    _, seconds, created = TOLD.search(done.stdout).groups()
    count = int(created.replace(",", ""))
    return count / float(seconds), count


def followed(running: Running) -> float:
    """Seconds until words find all of them, as the service says; it looks every five."""
    ended = time.time()
    while True:
        with urlopen(f"http://127.0.0.1:{running.ports['structures_port']}/metrics") as answer:
            said = {name: float(value) for name, value in GAUGE.findall(answer.read().decode())}
        if said["measured_timestamp_seconds"] > ended and not said["structures_awaiting_search"]:
            return time.time() - ended
        time.sleep(1)


def one_after_the_other(file: Path, running: Running) -> tuple[float, int, float]:
    return *imported(file, running), followed(running)


async def importing(runs: int, *, quick: bool) -> Result:
    """Row: bulk import."""
    lines = 10_000 if quick else 100_000
    runs = min(runs, 3)
    with tempfile.TemporaryDirectory(prefix="chorale-bench-") as folder:
        files = [Path(folder) / f"{n}.csv" for n in range(runs)]
        write(files, lines)
        running = Running(Path(folder) / "platform", "--no-demo").start(log_level="error")
        try:
            await asyncio.to_thread(running.says, "^ready$")
            found = [await asyncio.to_thread(one_after_the_other, file, running) for file in files]
        finally:
            running.stop(signal.SIGTERM)
    speed = Measured("structures created", "/s", tuple(rate for rate, _, _ in found))
    return Result(
        title="Bulk import",
        claims=(Claim(speed, at_least=3_000),),
        parts=(
            Measured("created in one import", "", tuple(float(n) for _, n, _ in found)),
            Measured(
                "until words find them all, after that", "s", tuple(spent for *_, spent in found)
            ),
        ),
        notes=(
            (
                f"`chorale import structures`, {lines:,} lines a file, while `chorale up` runs on the "
                "same cores, tells every structure, hears it in users and begins to give the first "
                "their grams. The embedded broker. As the command says it."
            ),
        ),
    )
