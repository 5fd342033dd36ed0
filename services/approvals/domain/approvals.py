"""A question put to those who decide for a structure, and its answer."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from contracts.approvals import Kind
from contracts.users import Habilitation
from kit.change import Change, Entity

State = Literal["requested", "approved", "refused", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Entity):
    """One question put to those who decide for a structure, and their answer."""

    kind: Kind
    subject_id: str
    requester_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    given: tuple[Habilitation, ...] = ()
    """What the requester would be given, and what they would lose."""
    taken: tuple[Habilitation, ...] = ()
    list_id: str | None = None
    """The list it is a line of, if an espace was opened."""
    comment: str = ""
    state: State = "requested"
    opened_at: datetime
    told: bool = False
    """Whether anybody has been told that it is open: not before somebody may decide."""
    waits_since: datetime | None = None
    """Since when somebody may decide or, until then, since it was put."""
    rung: int = 0
    """The business days of waiting whose step was taken last."""
    escalated: bool = False
    """Whether all are asked who may decide, and not the principal manager alone."""
    expires_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""


def without_words(approval: Approval) -> Change[Approval]:
    """Who asked for what, and what was decided; not what was written to and fro."""
    return Change(replace(approval, comment="", reason=""))
