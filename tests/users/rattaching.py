"""The people, structures and facts that the tests of rattachements speak of."""

from datetime import UTC, date, datetime
from typing import Any

from contracts.approvals import ApprovalDecided
from contracts.structures import (
    StructureChanged,
    StructureCreated,
    UnitChanged,
    UnitCreated,
    UnitEnded,
)
from contracts.users import Habilitation, Line
from services.users.domain.attaching import Gift
from services.users.domain.lines import Extent
from services.users.domain.rattachements import Defaults, Rattachement
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure
from services.users.domain.units import Unit

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)

READ = Habilitation(application="engagements", level="consultation")
MANAGE = Habilitation(application="organisation", level="modification")
DEFAULTS: Defaults = {"principal_manager": (MANAGE, READ), "user": (READ,)}


def a_structure(**but: Any) -> Structure:
    return Structure(
        **{
            "id": "s-bakery",
            "identifier": "73282932000074",
            "legal_name": "Boulangerie du Port",
            "kind": "private",
            "status": "active",
        }
        | but
    )


def a_known_unit(code: str = "ovens", **but: Any) -> Unit:
    known = {"id": f"s-bakery:{code}", "structure_id": "s-bakery", "over": False, "told": 1}
    return Unit(**known | {"code": code, "name": code} | but)


def a_new_unit(code: str = "ovens", **but: Any) -> UnitCreated:
    return UnitCreated(**_unit(code) | {"active": True, "name": code, "created_at": NOW} | but)


def a_changed_unit(code: str = "ovens", **but: Any) -> UnitChanged:
    said = {"active": True, "name": code, "version": 2, "changed_at": NOW}
    return UnitChanged(**_unit(code) | said | but)


def an_ended_unit(code: str = "ovens", **but: Any) -> UnitEnded:
    said = {"status": "inactive", "version": 2, "ended_at": NOW}
    return UnitEnded(**_unit(code) | said | but)


def _unit(code: str) -> dict[str, Any]:
    return {
        "unit_id": f"id-of-{code}",
        "structure_id": "s-bakery",
        "code": code,
        "status": "active",
        "valid_from": TODAY,
        "version": 1,
    }


def a_creation(**but: Any) -> StructureCreated:
    return StructureCreated(
        **{
            "structure_id": "s-bakery",
            "identifier_type": "SIRET",
            "identifier": "73282932000074",
            "kind": "private",
            "legal_name": "Boulangerie du Port",
            "status": "active",
            "origin": "self-service",
            "created_by": "u-omar",
            "created_at": NOW,
        }
        | but
    )


def a_change(**but: Any) -> StructureChanged:
    """The bakery, deactivated unless said otherwise."""
    return StructureChanged(
        **{
            "structure_id": "s-bakery",
            "identifier_type": "SIRET",
            "identifier": "73282932000074",
            "kind": "private",
            "legal_name": "Boulangerie du Port",
            "status": "inactive",
            "version": 2,
            "changed_at": NOW,
        }
        | but
    )


def an_extent(**but: Any) -> Extent:
    return Extent(**{"valid_from": TODAY} | but)


def a_line(unit: str | None = None, **but: Any) -> Line:
    return Line(unit=unit, **{"valid_from": TODAY} | but)


def a_request(**but: Any) -> RattachementRequest:
    return RattachementRequest(
        **{
            "id": "r-1",
            "user_id": "u-lea",
            "structure_id": "s-bakery",
            "structure_identifier": "73282932000074",
            "structure_name": "Boulangerie du Port",
            "extent": an_extent(),
            "status": "requested",
            "requested_at": NOW,
        }
        | but
    )


def a_rattachement(**but: Any) -> Rattachement:
    """Lea's, who is attached to the bakery for as long as she likes."""
    return Rattachement(
        **{
            "id": "u-lea:s-bakery",
            "version": 3,
            "user_id": "u-lea",
            "structure_id": "s-bakery",
            "role": "user",
            "lines": (a_line(),),
            "habilitations": (READ,),
        }
        | but
    )


def a_manager(**but: Any) -> Rattachement:
    """Omar's, who is the principal manager of the bakery."""
    omar = {"id": "u-omar:s-bakery", "user_id": "u-omar", "role": "principal_manager"}
    return a_rattachement(**omar | {"habilitations": (MANAGE, READ)} | but)


def a_delegate(*units: str, **but: Any) -> Rattachement:
    """Zoe's, to whom Omar delegated these units, or the whole bakery."""
    held = tuple(MANAGE.model_copy(update={"unit": unit}) for unit in units) or (MANAGE,)
    lines = tuple(map(a_line, units)) or (a_line(),)
    zoe = {"id": "u-zoe:s-bakery", "user_id": "u-zoe", "lines": lines, "habilitations": held}
    return a_rattachement(**zoe | but)


def a_gift(**but: Any) -> Gift:
    given = {"id": "g-1", "structure_id": "s-bakery", "extent": an_extent(), "by": "u-omar"}
    return Gift(**given | {"at": NOW} | but)


def a_waiting_rattachement(**but: Any) -> Rattachement:
    """Lea's, who is not attached yet but has asked."""
    waiting = {
        "version": 1,
        "role": None,
        "lines": (),
        "habilitations": (),
        "pending_request_id": "r-1",
    }
    return a_rattachement(**waiting | but)


def a_decision(**but: Any) -> ApprovalDecided:
    return ApprovalDecided(
        **{
            "approval_id": "r-1",
            "kind": "rattachement",
            "subject_id": "r-1",
            "structure_id": "s-bakery",
            "requester_id": "u-lea",
            "verdict": "approved",
            "decided_by": "u-omar",
            "decided_at": LATER,
        }
        | but
    )
