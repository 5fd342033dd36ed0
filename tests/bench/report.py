"""From what was found to docs/benchmarks: numbers for machines, tables for people."""

import json
from dataclasses import asdict
from pathlib import Path

from tests.bench.results import Result

RESULTS = Path("docs/benchmarks/results.json")


def told(result: Result) -> str:
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
    return "\n".join(lines)


def keep(name: str, result: Result) -> None:
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[name] = asdict(result)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
