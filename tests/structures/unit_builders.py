"""Units, as the tests of this folder need them."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from kit.change import Change
from kit.problems import Problem
from services.structures.domain.units import Details, Unit, activate, create, modify
from tests.structures.builders import NOW, a_structure

TODAY = date(2026, 1, 5)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
AT_ONCE, HALF_AN_HOUR = timedelta(0), timedelta(minutes=30)
STRUCTURE, TOWN = a_structure(), a_structure(kind="public", created_by=None, origin="import")


def details(**but: Any) -> Details:
    return Details(**{"name": "Voirie", "valid_from": TODAY} | but)


def made(structure: Any = STRUCTURE, unit: Any = None, code: str = "VOIRIE", **but: Any) -> Change:
    change, _ = create(unit, structure, code=code, details=details(**but), by="u-lea", now=NOW)
    return change


def a_unit(**but: Any) -> Unit:
    state = made(**but).state
    return replace(state, version=1)


def modified(unit: Unit | None, *, now: datetime = NOW, **but: Any) -> Change:
    asked = {"structure": STRUCTURE, "code": None, "after": AT_ONCE}
    rest = asked | {name: but.pop(name) for name in [*asked] if name in but}
    structure = rest.pop("structure")
    change, _ = modify(
        unit,
        structure,
        id=unit.id if unit else "u",
        details=details(**but),
        by="u-lea",
        now=now,
        **rest,
    )
    return change


def done(decide: Any, unit: Unit | None, structure: Any = STRUCTURE, **but: Any) -> Change:
    asked = {"id": unit.id if unit else "u", "by": "u-lea", "now": NOW}
    asked |= {"after": AT_ONCE} if decide is activate else {}
    change, relied = decide(unit, structure, **asked | but)
    assert relied == Change(structure)
    return change


def pointer(problem: Problem) -> str:
    return str(problem.members["errors"][0]["pointer"])


def kinds(change: Change) -> list[type]:
    return [type(one) for one in change.events]
