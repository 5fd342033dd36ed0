"""
Which features of docs/features.tsv have a test, and which have none: ``python -m tests.features``.

A test says what it proves with ``@pytest.mark.feature("RAT-04")``. Features that only a screen or
the PISTE wire form can show, or that wait for what is not built yet, are listed in tests/later.tsv,
each with its reason.
"""

import csv
import io
import re
import sys
import textwrap
from collections import defaultdict
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"^[^#\n]*pytest\.mark\.feature\(([^)]*)\)", re.MULTILINE)
ID = re.compile(r'"([A-Z]{3}-\d\d)"')


@dataclass(frozen=True, slots=True)
class Feature:
    id: str
    area: str
    title: str


class Proofs:
    """A pytest plugin that notes the features of every test collected."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = defaultdict(set)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        for id in ids_of(item):
            self.tests[id].add(item.nodeid)


def features() -> dict[str, Feature]:
    return {row["id"]: Feature(*row.values()) for row in _rows(ROOT / "docs/features.tsv")}


def later() -> dict[str, str]:
    """The reason why a feature is not proven here, for each such feature."""
    return {row["id"]: row["reason"] for row in _rows(ROOT / "tests/later.tsv")}


def ids_of(item: pytest.Item) -> list[str]:
    return [id for mark in item.iter_markers("feature") for id in mark.args]


def marked() -> set[str]:
    """The ids in marks of the test files as they are written: read, not collected."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {id for text in texts for said in MARK.findall(text) for id in ID.findall(said)}


def report(proven: set[str]) -> str:
    known, put_off = features(), later()
    areas: dict[str, list[str]] = defaultdict(list)
    for feature in known.values():
        areas[feature.area].append(feature.id)
    lines = []
    for area, ids in areas.items():
        parts = {
            "with tests": [id for id in ids if id in proven],
            "with none": [id for id in ids if id not in proven and id not in put_off],
            "later": [id for id in ids if id in put_off],
        }
        lines.append(f"\n{area}: {len(parts['with tests'])} of {len(ids)} have tests")
        lines += [_listed(name, some) for name, some in parts.items() if some]
    done = len(proven & known.keys())
    rest = len(known) - done - len(put_off)
    lines.append(
        f"\nAll: {done} of {len(known)} have tests, {rest} have none, {len(put_off)} come later."
    )
    return "\n".join(lines)


def _listed(name: str, ids: list[str]) -> str:
    head = f"  {name:<10}  "
    lines = textwrap.wrap(" ".join(ids), 100 - len(head), break_on_hyphens=False)
    return head + ("\n" + " " * len(head)).join(lines)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def main() -> int:
    proofs = Proofs()
    listed = io.StringIO()
    with redirect_stdout(listed):
        outcome = pytest.main(["--collect-only", "-q", str(ROOT / "tests")], plugins=[proofs])
    if outcome is not pytest.ExitCode.OK:
        sys.stderr.write(listed.getvalue())
        return int(outcome)
    sys.stdout.write(report(set(proofs.tests)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
