"""What the structures service tells. Topic: structures.events."""

from typing import Literal

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
