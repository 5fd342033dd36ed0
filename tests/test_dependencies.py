"""docs/dependencies.md gives a reason for every dependency, and for nothing else."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def asked_for() -> dict[str, list[str]]:
    """The names in pyproject.toml, those of every installation first."""
    project: Any = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = {"always": project["dependencies"], **project["optional-dependencies"]}
    return {group: sorted(name(one) for one in some) for group, some in lists.items()}


def explained() -> list[tuple[str, list[tuple[str, str]]]]:
    """The rows of docs/dependencies.md, group by group: each as often as it stands there."""
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    for line in (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## `(\w+)`.*", line):
            groups.append((heading[1], []))
        elif row := re.fullmatch(r"\| `([^`]+)` \| (.*) \|", line):
            _, rows = groups[-1]
            rows.append((row[1], row[2].strip()))
    return groups


def name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found[0].lower().replace("_", "-")


def test_each_group_is_explained():
    assert sorted(group for group, _ in explained()) == sorted(asked_for())


@pytest.mark.parametrize("group", asked_for())
def test_each_dependency_has_its_reason(group: str):
    rows = dict(explained())[group]
    assert sorted(one for one, reason in rows if len(reason) > 10) == asked_for()[group]
