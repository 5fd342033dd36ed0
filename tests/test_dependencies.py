"""docs/dependencies.md gives a reason for every dependency, and for nothing else."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def asked_for() -> dict[str, set[str]]:
    """The names in pyproject.toml, those of every installation first."""
    project: Any = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = {"always": project["dependencies"], **project["optional-dependencies"]}
    return {group: {name(one) for one in some} for group, some in lists.items()}


def explained() -> dict[str, dict[str, str]]:
    """The reasons in docs/dependencies.md, group by group."""
    groups: dict[str, dict[str, str]] = {}
    for line in (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## `(\w+)`.*", line):
            groups[heading[1]] = {}
        elif row := re.fullmatch(r"\| `([^`]+)` \| (.*) \|", line):
            *_, group = groups.values()
            group[row[1]] = row[2].strip()
    return groups


def name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found[0].lower().replace("_", "-")


def test_each_group_is_explained():
    assert explained().keys() == asked_for().keys()


@pytest.mark.parametrize("group", asked_for())
def test_each_dependency_has_its_reason(group: str):
    assert {one for one, reason in explained()[group].items() if len(reason) > 10} == (
        asked_for()[group]
    )
