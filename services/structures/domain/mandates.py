"""A mandate to invoice in a structure's name, which another system asks for (APP-04). Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal

from contracts.approvals import ApprovalDecidedV2, ApprovalExpired, ApprovalWithdrawnV2
from contracts.structures import QuestionAsked, QuestionAskedV2
from kit.change import Change, Entity
from kit.problems import Invalid
from services.structures.domain.structures import Structure, StructureInactive, named
from services.structures.domain.units import WrongValidity

KIND: Final = "mandate"
TITLE: Final = "Souscrire un mandat de facturation"

Status = Literal["requested", "approved", "refused", "withdrawn", "expired"]
Ending = ApprovalDecidedV2 | ApprovalWithdrawnV2 | ApprovalExpired


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate(Entity):
    """Who would invoice for a structure, and what those who decide for it have answered."""

    structure_id: str
    requester_id: str
    mandatary: str
    """The name of whoever would invoice."""
    valid_from: date
    valid_until: date | None = None
    told_by: str
    """The system that has asked."""
    asked_at: datetime
    status: Status = "requested"
    settled_at: datetime | None = None
    reason: str = ""
    decided_by: str | None = None
    """Whose words the reason is."""


class StructureUnknown(Invalid):
    """There is no such structure."""


class RequesterNotAttached(Invalid):
    """Nobody attached to the structure has this id."""


def ask(
    current: Mandate | None,
    structure: Structure | None,
    *,
    wanted: Mandate,
    attached: bool,
    comment: str,
    among: frozenset[str],
) -> Change[Mandate]:
    """
    Ask those who decide for the structure, and grant nothing before they have answered.

    ``among``: the only structures the system may speak of; none means all.
    """
    if current:
        return Change(current)
    if structure is None or (among and structure.id not in among):
        raise StructureUnknown(field="body/structure_id")
    if not attached:
        raise RequesterNotAttached(field="body/requester_id")
    if structure.status != "active":
        raise StructureInactive
    if wanted.valid_until and wanted.valid_until < wanted.valid_from:
        raise WrongValidity("It cannot end before it begins.", field="body/valid_until")
    question = _question(wanted, structure, comment)
    whole = QuestionAskedV2(**question, named=f"Mandataire : {wanted.mandatary}")
    return Change(wanted, (whole, QuestionAsked(**question)))


def _question(wanted: Mandate, structure: Structure, comment: str) -> dict[str, Any]:
    about = named(structure)
    return {
        "question_id": wanted.id,
        "kind": KIND,
        "subject_id": wanted.id,
        "title": TITLE,
        "changes": (_days(wanted),),
        "requester_id": wanted.requester_id,
        "structure_id": structure.id,
        "structure_identifier": about["identifier"],
        "structure_name": about["legal_name"],
        "comment": comment,
        "asked_at": wanted.asked_at,
    }


def _days(wanted: Mandate) -> str:
    if wanted.valid_until:
        return f"Du {wanted.valid_from:%d/%m/%Y} au {wanted.valid_until:%d/%m/%Y}"
    return f"À partir du {wanted.valid_from:%d/%m/%Y}"


def settle(told: Ending, current: Mandate | None) -> Change[Mandate]:
    """Keep how it has ended; the first word stands."""
    if current is None or current.status != "requested":
        return Change(current)
    end: dict[str, Any]
    if isinstance(told, ApprovalDecidedV2):
        end = {
            "status": told.verdict,
            "reason": told.reason,
            "decided_by": told.decided_by,
            "settled_at": told.decided_at,
        }
    elif isinstance(told, ApprovalWithdrawnV2):
        end = {"status": "withdrawn", "settled_at": told.withdrawn_at}
    else:
        end = {"status": "expired", "settled_at": told.expired_at}
    return Change(replace(current, **end))


def without_words(mandate: Mandate) -> Change[Mandate]:
    """Who asked, and what was answered; not why."""
    return Change(replace(mandate, reason=""))
