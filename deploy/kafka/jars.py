"""The broker's jars, resolved by Maven once for each state of pom.xml."""

import re
import shutil
import subprocess
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


def version() -> str:
    """The release of Apache Kafka that runs here, and in containers."""
    found = re.search(
        r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([\d.]+)<", POM.read_text()
    )
    if not found:
        raise Trouble(f"{POM} names no release of Apache Kafka")
    return found[1]


def resolve(folder: Path) -> Path:
    """Where the jars are, below this folder."""
    if absent := missing():
        raise Trouble(
            f"Apache Kafka needs a JDK 17 and Maven, and there is no {' and no '.join(absent)} "
            "here (on Debian or Ubuntu: apt install openjdk-17-jdk-headless maven)"
        )
    wanted = folder / f"jars-{sha256(POM.read_bytes()).hexdigest()[:12]}"
    if wanted.exists():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        jars = Path(unfinished).resolve() / "jars"
        _copy(jars)
        try:
            jars.rename(wanted)
        except OSError:
            if not wanted.exists():  # Otherwise somebody else was faster.
                raise
    return wanted


def _copy(to: Path) -> None:
    options = ("-DincludeScope=runtime", f"-DoutputDirectory={to}")
    maven = ("mvn", "--batch-mode", "--quiet", "--file", str(POM))
    try:
        done = subprocess.run(
            [*maven, "dependency:copy-dependencies", *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"Maven had no jars of Apache Kafka after {PATIENCE} s") from None
    if done.returncode:
        raise Trouble(f"Maven has no jars of Apache Kafka:\n{done.stdout[:2000]}")
