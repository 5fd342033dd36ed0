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


class ClientAccountOpened(
    Event, type="structures.client-account-opened.v1", key="client_account_id"
):
    """A supplier now keeps an account of one of its clients."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    """The structure that the client is."""
    reference: str
    features: tuple[str, ...]
    """What of the portal is open to the client's people."""
    opened_at: AwareDatetime


class ClientPropertiesChanged(
    Event, type="structures.client-properties-changed.v1", key="client_account_id"
):
    """What a client's orders must carry from now on."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    chorus: Literal["off", "incomplete", "active"]
    engagement_number_required: bool
    validation_history: bool
    changed_at: AwareDatetime


class ClientDefaultsChanged(
    Event, type="structures.client-defaults-changed.v1", key="client_account_id"
):
    """What a client's users begin with; with ``apply_to_existing``, those there already too."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    offer_subtotal: bool
    apply_to_existing: bool
    changed_at: AwareDatetime


class ClientPermissionsChanged(
    Event, type="structures.client-permissions-changed.v1", key="client_account_id"
):
    """What of the portal is open to a client's people, as it now stands."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    features: tuple[str, ...]
    changed_at: AwareDatetime


class ClientWelcomed(Event, type="structures.client-welcomed.v1", key="client_account_id"):
    """A supplier wishes a new client to be welcomed by a letter."""

    client_account_id: str
    supplier_name: str | None
    reference: str
    recipient_id: str
    """The principal manager of the structure that the client is."""
    welcomed_at: AwareDatetime
