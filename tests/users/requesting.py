"""Requests for rattachements, asked and settled as they mostly are."""

from typing import Any

from contracts.approvals import ApprovalDecided
from kit.problems import Problem
from services.users.domain.requests import (
    Changes,
    ask,
    settle,
)
from tests.users.rattaching import (
    DEFAULTS,
    LATER,
    NOW,
    TODAY,
    a_manager,
    an_extent,
)


def asked(structure: Any, request: Any, rattachement: Any, *units: Any, **but: Any) -> Changes:
    wanted = {
        "id": "r-1",
        "user_id": "u-lea",
        "extent": an_extent(),
        "comment": "",
        "today": TODAY,
        "now": NOW,
        "defaults": DEFAULTS,
    }
    return ask(structure, request, rattachement, *units, **wanted | but)


def settled(
    decided: ApprovalDecided, request: Any, rattachement: Any, structure: Any, **but: Any
) -> Changes:
    rest = {"requester_active": True, "defaults": DEFAULTS, "on": LATER.date()}
    decider = but.pop("decider", a_manager())
    return settle(decided, request, rattachement, structure, decider, **rest | but)


def pointer(problem: Problem) -> str:
    return str(problem.members["errors"][0]["pointer"])
