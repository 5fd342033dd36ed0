"""The broker's jars, resolved by Maven once for each state of pom.xml."""

import asyncio
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from deploy.trouble import Trouble

POM = Path(__file__).with_name("pom.xml")
PATIENCE = 600
"""Seconds the first download may take."""


def missing() -> list[str]:
    """The programs that would have to be installed first."""
    return [name for name in ("java", "mvn") if not shutil.which(name)]


async def resolve(folder: Path) -> Path:
    """Where the jars are, below this folder."""
    wanted = folder / f"jars-{sha256(POM.read_bytes()).hexdigest()[:12]}"
    if absent := missing():
        raise Trouble(
            f"Apache Kafka needs a JDK 17 and Maven, and there is no {' and no '.join(absent)} "
            "here (on Debian or Ubuntu: apt install openjdk-17-jdk-headless maven)"
        )
    if wanted.exists():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        await _copy(Path(unfinished) / "jars")
        try:
            (Path(unfinished) / "jars").rename(wanted)
        except OSError:
            if not wanted.exists():  # Otherwise somebody else was faster.
                raise
    return wanted


async def _copy(to: Path) -> None:
    maven = await asyncio.create_subprocess_exec(
        *("mvn", "--batch-mode", "--quiet", "--file", str(POM), "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={to.resolve()}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(maven.communicate(), PATIENCE)
    except TimeoutError:
        raise Trouble(f"Maven had no jars of Apache Kafka after {PATIENCE} s") from None
    finally:
        if maven.returncode is None:
            maven.kill()
    if maven.returncode:
        raise Trouble(f"Maven has no jars of Apache Kafka:\n{said.decode(errors='replace')[:2000]}")
