"""From what was found to docs: numbers for machines, tables and plots for people."""

import json
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import plots
from tests.bench.results import Claim, Measured, Result, shown

FOLDER = Path("docs/benchmarks")
RESULTS, PAGE = FOLDER / "results.json", Path("docs/benchmarks.md")
LIBRARIES = (
    "motor",
    "pymongo",
    "aiokafka",
    "faststream",
    "fastapi",
    "uvicorn",
    "uvloop",
    "pydantic",
)
HEAD = """\
# Benchmarks

What the platform's numbers are, each as a ratio or a time against its bound. Both sides of a ratio
take turns in the same run. A number is its median over the runs, with the least and the greatest.
None is asserted by a test.

```bash
make bench                             # all, an hour or more; writes this page and its plots
make bench ARGS="--quick"              # smaller and shorter, a few minutes; writes nothing
make bench ARGS="hearing --runs 7"     # one of them, oftener
```

Apache Kafka is used where a JDK 17 and Maven are there, the embedded broker otherwise: each table says
which it was. [results.json](benchmarks/results.json) has every value of every run.
"""


def told(result: Result) -> str:
    """For whoever waits at a terminal."""
    lines = [f"  {result.title}: {result.seconds:.0f} s"]
    for claim in result.claims:
        verdict = "reached" if claim.reached else "NOT REACHED"
        lines.append(f"  {claim.measured.what}: {claim.measured} {claim.bound} {verdict}")
    lines += [f"    {part.what}: {part} {part.unit}" for part in result.parts]
    for curve in result.curves:
        lines.append(f"    {curve.title}")
        for name, points in curve.lines.items():
            values = ", ".join(f"{x:g}: {sorted(y)[len(y) // 2]:.4g}" for x, y in points)
            lines.append(f"      {name}: {values}")
    lines += [f"    ({note})" for note in result.notes]
    return "\n".join(lines)


def keep(name: str, result: Result, *, runs: int) -> None:
    """Put it in the place of what was found before, and write the page again."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[name] = asdict(result) | {"runs": runs, "machine": machine()}
    FOLDER.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    for curve in result.curves:
        plots.draw(curve, FOLDER / f"{curve.name}.svg")
    PAGE.write_text(page(known, _explained))


def _explained(name: str) -> str:
    """What somebody wrote of these numbers, beside their plots: why they are what they are."""
    text = FOLDER / f"{name}.md"
    return text.read_text() if text.exists() else ""


def machine() -> dict[str, str]:
    cpus = Path("/proc/cpuinfo").read_text()
    model = cpus.partition("model name")[2].partition(":")[2].partition("\n")[0].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _said("git", "describe", "--always", "--dirty"),
        "machine": f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, {platform.system()}",
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def page(known: dict[str, Any], explained: Callable[[str], str]) -> str:
    sections = [
        "\n".join(filter(None, (_section(result), explained(name))))
        for name, result in known.items()
    ]
    return "\n".join([HEAD, _summary(known), *sections, _how(known)])


def _summary(known: dict[str, Any]) -> str:
    rows = [
        f"| {result['title']} | {claim.measured.what} | {claim.bound} {claim.measured.unit} "
        f"| {claim.measured} | {'reached' if claim.reached else '**not reached**'} |"
        for result in known.values()
        for claim in _claims(result)
    ]
    return "\n".join(["| what | number | bound | found | |", "|---|---|---|---|---|", *rows, ""])


def _section(result: dict[str, Any]) -> str:
    lines = [f"## {result['title']}", "", *(f"{note}\n" for note in result["notes"])]
    measured = [_measured(part) for part in result["parts"]]
    if measured:
        lines += [
            "| | median | least | greatest | | runs |",
            "|---|--:|--:|--:|---|--:|",
        ]
        lines += [
            f"| {one.what} | {shown(one.middle)} | {shown(min(one.values))} "
            f"| {shown(max(one.values))} | {one.unit} | {len(one.values)} |"
            for one in measured
        ]
        lines.append("")
    for curve in result["curves"]:
        lines += [f"![{curve['title']}](benchmarks/{curve['name']}.svg)", ""]
    return "\n".join(lines)


def _how(known: dict[str, Any]) -> str:
    rows = [
        f"| {result['title']} | {said['date']} | {said['commit']} | {result['seconds']:.0f} s |"
        for result in known.values()
        for said in (result["machine"],)
    ]
    said = [*known.values()][-1]["machine"]
    return "\n".join(
        [
            "## Where and when",
            "",
            f"{said['machine']}; Python {said['python']}; {said['libraries']}.",
            "The load, the services, MongoDB and the broker share these cores. For the load's sake callers",
            "have no rate limit, and rights may be 30 s old (`CHORALE_RIGHTS_MAX_AGE`; 5 by default).",
            "",
            "| what | date | commit | took |",
            "|---|---|---|--:|",
            *rows,
            "",
        ]
    )


def _claims(result: dict[str, Any]) -> list[Claim]:
    return [
        Claim(_measured(one["measured"]), one["at_least"], one["at_most"])
        for one in result["claims"]
    ]


def _measured(one: dict[str, Any]) -> Measured:
    return Measured(one["what"], one["unit"], tuple(one["values"]))
