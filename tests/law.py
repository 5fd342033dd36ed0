"""docs/permissions.csv, the law: what each role may do, on every path of the API."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scenes import ROLES

LAW = Path(__file__).parent.parent / "docs" / "permissions.csv"


BY_POWER = ("self", "manager", "operator")


class Action(NamedTuple):
    """What is done, to what, and what each role is answered."""

    method: str
    path: str
    about: str
    answers: dict[str, str]
    scope: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.method, self.path, self.about)))

    @property
    def role(self) -> str:
        """Somebody who may do it, where possible with an account of no power."""
        return next(role for role in BY_POWER if self.answers[role] == "allowed")

    @property
    def example(self) -> str:
        return re.sub(r"{\w+}", "users:1" if "/parked/" in self.path else "1", self.path)


def actions() -> list[Action]:
    with LAW.open(encoding="utf-8", newline="") as file:
        return [_action(row) for row in csv.DictReader(file)]


def _action(row: dict[str, str]) -> Action:
    method, path = row["action"].split(" ")
    answers = {role: row[role] for role in ROLES}
    return Action(method, path, row["about"], answers, row["scope"])


every_action = pytest.mark.parametrize("action", actions(), ids=str)
