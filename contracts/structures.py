"""What the structures service tells. Topic: structures.events."""

from datetime import date
from typing import Final, Literal

from pydantic import AwareDatetime

from contracts.event import Event

IdentifierType = Literal[
    "SIRET", "UE_HORS_FRANCE", "HORS_UE", "RIDET", "TAHITI", "AUTRE", "PARTICULIER"
]
Kind = Literal["private", "public", "person"]
Status = Literal["active", "inactive"]


class StructureCreated(
    Event, type="structures.structure-created.v1", key="structure_id", audience="public"
):
    """A structure is now known to the platform."""

    structure_id: str
    identifier_type: IdentifierType
    identifier: str
    kind: Kind
    legal_name: str | None
    status: Status
    non_diffusible: bool = False
    origin: Literal["self-service", "import"]
    created_by: str | None = None
    """The user who becomes its principal manager; None for an imported structure."""
    created_at: AwareDatetime


UnitStatus = Literal["active", "inactive", "deleted"]

DEFAULT_UNIT: Final = "FACTURES_PUBLIQUES"
"""The unit that every public structure has, whether or not anybody told of it."""


class UnitCreated(Event, type="structures.unit-created.v1", key="unit_id", audience="public"):
    """A structure has one more unit. Its default unit is never told: every public one has it."""

    unit_id: str
    structure_id: str
    code: str
    name: str
    status: UnitStatus
    active: bool
    """Whether things may be sent to it on the day this was told."""
    valid_from: date
    valid_until: date | None = None
    engagement_required: bool = False
    payment_status_exposed: bool = False
    version: int
    created_at: AwareDatetime


class UnitChanged(Event, type="structures.unit-changed.v1", key="unit_id", audience="public"):
    """A unit was modified or activated, or its validity began: all of it as it now stands."""

    unit_id: str
    structure_id: str
    code: str
    name: str
    status: UnitStatus
    active: bool
    valid_from: date
    valid_until: date | None = None
    engagement_required: bool = False
    payment_status_exposed: bool = False
    version: int
    changed_at: AwareDatetime


class UnitEnded(Event, type="structures.unit-ended.v1", key="unit_id", audience="public"):
    """A unit was deactivated or deleted, or its last day of validity has passed."""

    unit_id: str
    structure_id: str
    code: str
    status: UnitStatus
    active: Literal[False] = False
    valid_from: date
    valid_until: date | None = None
    version: int
    ended_at: AwareDatetime
