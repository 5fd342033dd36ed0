"""What others tell approvals, as of this moment, for tests over HTTP."""

from typing import Any

from contracts.users import Habilitation, PersonChanged, RattachementRequested, RightsChanged
from kit.clock import now, today

DELEGATED = (Habilitation(application="organisation", level="modification"),)


def rights(user: str, structure: str = "s-9", **but: Any) -> RightsChanged:
    """The principal manager's, unless said otherwise."""
    return RightsChanged(
        **{
            "rattachement_id": f"{user}:{structure}",
            "user_id": user,
            "structure_id": structure,
            "role": "principal_manager",
            "version": 1,
        }
        | but
    )


def a_request(id: str = "r-1", **but: Any) -> RattachementRequested:
    return RattachementRequested(
        **{
            "request_id": id,
            "user_id": "u-lea",
            "structure_id": "s-9",
            "structure_identifier": "73282932000074",
            "structure_name": "Menuiserie Petit",
            "valid_from": today(),
            "requested_at": now(),
        }
        | but
    )


def a_person(user: str, first: str, last: str, **but: Any) -> PersonChanged:
    return PersonChanged(
        **{
            "user_id": user,
            "first_name": first,
            "last_name": last,
            "email": f"{first.lower()}@example.org",
            "active": True,
            "version": 1,
        }
        | but
    )


def lea(**but: Any) -> PersonChanged:
    return a_person("u-lea", "Léa", "Martin", **{"email": "lea@example.org"} | but)
