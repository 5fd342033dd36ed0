"""The people and structures that the tests of transfers, departures and vacancies speak of."""

from typing import Any

from services.users.domain.accounts import Account
from services.users.domain.management import Management
from services.users.domain.rattachements import Rattachement
from services.users.domain.transfers import Handed, Transfer
from tests.users.people import an_account
from tests.users.rattaching import DEFAULTS, NOW, TODAY, a_line, a_rattachement


def a_manager(structure: str = "s-bakery", user: str = "u-omar", **but: Any) -> Rattachement:
    return a_tie(
        user,
        structure,
        **{"role": "principal_manager", "habilitations": DEFAULTS["principal_manager"]} | but,
    )


def a_tie(user: str = "u-lea", structure: str = "s-bakery", **but: Any) -> Rattachement:
    tied = {"id": f"{user}:{structure}", "user_id": user, "structure_id": structure}
    return a_rattachement(**{**tied, "lines": (a_line(),)} | but)


def managed_by(user: str | None = "u-omar", structure: str = "s-bakery", **but: Any) -> Management:
    return Management(id=structure, principal_manager_id=user, **but)


def somebody(user: str = "u-lea", **but: Any) -> Account:
    return an_account(id=user, email=f"{user}@example.org", **but)


def to_hand_over(structure: str = "s-bakery", to: str = "u-lea", **but: Any) -> Handed:
    stands = {
        "management": managed_by(structure=structure),
        "former": a_manager(structure),
        "successor": a_tie(to, structure),
    }
    return Handed(**stands | but)


def a_transfer(**but: Any) -> Transfer:
    asked = {
        "id": "t-1",
        "kind": "unitary",
        "by": "u-omar",
        "successors": {"s-bakery": "u-lea"},
        "at": NOW,
    }
    return Transfer(**asked | but)


RULES = {"on": TODAY, "defaults": DEFAULTS}
