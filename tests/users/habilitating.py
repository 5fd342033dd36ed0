"""Who administers the bakery, and the drafts that are submitted there."""

from datetime import datetime, timedelta
from typing import Any

from contracts.users import Habilitation, Level
from services.users.domain.drafts import MANAGES, Operation, Place, Row
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.habilitations import Changes, Submitted, submit
from services.users.domain.rattachements import Rattachement
from services.users.domain.units import Unit
from tests.users.rattaching import NOW, a_known_unit, a_rattachement, a_structure

HALF_AN_HOUR = timedelta(minutes=30)


def a_profile(application: str = "factures-emises", level: Level = "modification", **but: Any):
    return Habilitation(application=application, level=level, **but)


def a_row(application: str = "factures-emises", level: Level = "modification", **but: Any):
    return Row(application=application, level=level, **but)


READS, WRITES = a_profile(level="consultation"), a_profile()


def the_manager(**but: Any) -> Rattachement:
    """Omar's, who is the principal manager of the bakery."""
    return a_rattachement(
        **{
            "id": "u-omar:s-bakery",
            "user_id": "u-omar",
            "role": "principal_manager",
            "habilitations": (MANAGES,),
        }
        | but
    )


def a_delegate(*habilitations: Habilitation, **but: Any) -> Rattachement:
    """Ada's, who holds Organisation modification unless said otherwise."""
    held = {"habilitations": habilitations or (MANAGES, READS)}
    return a_rattachement(**{"id": "u-ada:s-bakery", "user_id": "u-ada"} | held | but)


def a_place(*units: Unit, **but: Any) -> Place:
    known = units or (a_known_unit("ovens"), a_known_unit("shop"))
    return Place(structure=a_structure(**but), units={one.code: one for one in known})


def a_submit(by: str = "u-omar", *, at: datetime = NOW, **but: Any) -> Submitted:
    return Submitted(**{"id": "h-1", "by": by, "at": at} | but)


def submitted(
    *operations: Operation,
    of: Rattachement | None = None,
    by: Rattachement | None = None,
    place: Place | None = None,
    **how: Any,
) -> Changes:
    """What becomes of a draft of changes to Lea's habilitations, by Omar unless said otherwise."""
    tie, actor = of or a_rattachement(), by or the_manager()
    return submit(
        tie,
        None,
        actor,
        place or a_place(),
        operations=operations,
        submitted=a_submit(actor.user_id, **how),
    )


def a_request_for(*given: Habilitation, **but: Any) -> HabilitationsRequest:
    """Lea's."""
    return HabilitationsRequest(
        **{
            "id": "r-7",
            "user_id": "u-lea",
            "structure_id": "s-bakery",
            "structure_identifier": "73282932000074",
            "structure_name": "Boulangerie du Port",
            "given": given,
            "taken": (),
            "status": "requested",
            "requested_at": NOW,
        }
        | but
    )
