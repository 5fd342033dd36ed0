"""What the structures service tells. Topic: structures.events."""

from typing import Literal

from pydantic import AwareDatetime

from contracts.event import Event

IdentifierType = Literal[
    "SIRET", "UE_HORS_FRANCE", "HORS_UE", "RIDET", "TAHITI", "AUTRE", "PARTICULIER"
]
Kind = Literal["private", "public", "person"]
Status = Literal["active", "inactive"]
Requires = Literal["unit_or_engagement", "unit_and_engagement", "unit", "engagement", "none"]
"""What a sender must name to a public structure: the unit, the engagement number, or both."""


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


class StructureChanged(
    Event, type="structures.structure-changed.v1", key="structure_id", audience="public"
):
    """
    What others need to know of a structure, as it now stands.

    One that is not active neither sends nor receives.
    """

    structure_id: str
    identifier_type: IdentifierType
    identifier: str
    kind: Kind
    legal_name: str | None
    status: Status
    non_diffusible: bool = False
    requires: Requires = "none"
    moa: bool = False
    moa_only: bool = False
    payment_status_withheld: bool = False
    delegated_validator: bool = False
    receives_life_cycles: bool = False
    sends_flows: bool = False
    version: int
    changed_at: AwareDatetime


class StructureDuplicated(
    Event, type="structures.structure-duplicated.v1", key="structure_id", audience="public"
):
    """A structure was made anew under another identifier, and its model is inactive."""

    structure_id: str
    """The new one, of which it was told before that it was created."""
    model_id: str
    users: bool
    """Whether those attached to the model are attached to the new one too."""
    duplicated_by: str
    duplicated_at: AwareDatetime
