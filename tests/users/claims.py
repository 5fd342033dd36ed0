"""Claims to the management of a structure, as the tests of vacancies need them."""

from datetime import timedelta
from typing import Any

from services.users.domain import vacancies
from services.users.domain.claims import Claim, Parties, Rules
from tests.users.managing import a_manager, managed_by, somebody
from tests.users.people import FIVE_AN_HOUR
from tests.users.rattaching import DEFAULTS, NOW, a_structure

WEEK, FORTNIGHT = timedelta(days=7), timedelta(days=15)
RULES = Rules(notice=FORTNIGHT, defaults=DEFAULTS)


def a_claim(**but: Any) -> Claim:
    said = {
        "id": "c-1",
        "user_id": "u-lea",
        "structure_id": "s-bakery",
        "structure_name": "Boulangerie du Port",
        "proof": "code",
        "nonce": "n-1",
        "tries_left": 2,
        "opened_at": NOW,
        "wake_at": NOW + WEEK,
    }
    return Claim(**said | but)


def a_proved_claim(**but: Any) -> Claim:
    waits = {
        "state": "proved",
        "manager_id": "u-omar",
        "notified_at": NOW,
        "wake_at": NOW + FORTNIGHT,
    }
    return a_claim(**waits | but)


def nobody_manages(**but: Any) -> Parties:
    known = dict.fromkeys(("management", "tie", "request", "manager", "managers_tie"))
    return Parties(**known | {"account": somebody(), "structure": a_structure()} | but)


def omar_manages(**but: Any) -> Parties:
    there = {
        "management": managed_by(),
        "manager": somebody("u-omar", manages=1),
        "managers_tie": a_manager(),
    }
    return nobody_manages(**there | but)


def opened(*current: Any, **but: Any) -> Any:
    structure = but.pop("structure", a_structure())
    claim, management, by_user, of_structure = (*current, None, None, None, None)[:4]
    return vacancies.claim(
        claim,
        management,
        structure,
        by_user,
        of_structure,
        asked=a_claim(structure_name=None, **but),
        limit=FIVE_AN_HOUR,
        counted_as=("by", "of"),
    )


def proved(claim: Any, parties: Parties, *, right: bool = True, now: Any = NOW) -> Any:
    return vacancies.prove(claim, parties, by="u-lea", right=right, rules=RULES, now=now)


def decided(claim: Any, parties: Parties, **but: Any) -> Any:
    said = {"by": "u-desk", "confirmed": True, "reason": "", "rules": RULES, "now": NOW}
    return vacancies.decide(claim, parties, **said | but)


def turned(claim: Any, parties: Parties, *, now: Any) -> Any:
    return vacancies.turn(claim, parties, rules=RULES, now=now)
