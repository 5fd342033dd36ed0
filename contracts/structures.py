"""What the structures service tells. Topic: structures.events."""

from datetime import date
from typing import Final, Literal

from pydantic import AwareDatetime

from contracts.event import Event, Gathered, PersonalText
from contracts.question import Question

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
    """
    The user who becomes its principal manager: of a duplicate, the model's. None for an imported
    structure, and for the duplicate of one that nobody manages.
    """
    duplicate_of: str | None = None
    """
    The model that it was made after: ``created_by`` is then who managed that as far as structures
    had heard. Users knows better, and appoints who does.
    """
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


class AttachmentAdded(Event, type="structures.attachment-added.v1", key="attachment_id"):
    """A file is kept with a structure. It may not have been scanned yet."""

    attachment_id: str
    structure_id: str
    attachment_type: str
    extension: str
    size: int
    added_by: str
    added_at: AwareDatetime


class AttachmentInfected(Event, type="structures.attachment-infected.v1", key="attachment_id"):
    """The antivirus found something in a file of a structure; its content is destroyed."""

    attachment_id: str
    structure_id: str
    signature: str
    """What the antivirus calls it."""
    added_by: str
    found_at: AwareDatetime


class AttachmentRemoved(Event, type="structures.attachment-removed.v1", key="attachment_id"):
    """A file of a structure is no longer kept."""

    attachment_id: str
    structure_id: str
    removed_by: str
    removed_at: AwareDatetime


AccountType = Literal["RIB", "IBAN"]


class BankDetailsAdded(Event, type="structures.bank-details-added.v1", key="bank_details_id"):
    """A structure may now be paid on another account. Of its number only the end is told."""

    bank_details_id: str
    structure_id: str
    account_type: AccountType
    country: str
    ending: str
    """The last four characters."""
    factored: bool
    added_by: str
    added_at: AwareDatetime


class BankDetailsModified(Event, type="structures.bank-details-modified.v1", key="bank_details_id"):
    """Bank details of a structure are no longer what they were."""

    bank_details_id: str
    structure_id: str
    account_type: AccountType
    country: str
    ending: str
    factored: bool
    modified_by: str
    modified_at: AwareDatetime


class BankDetailsDeactivated(
    Event, type="structures.bank-details-deactivated.v1", key="bank_details_id"
):
    """Bank details of a structure are valid no more, for good."""

    bank_details_id: str
    structure_id: str
    deactivated_by: str
    deactivated_at: AwareDatetime


class ClientAccountOpened(
    Event, type="structures.client-account-opened.v1", key="client_account_id"
):
    """A supplier now keeps an account of a structure, which has not accepted it yet."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    """The structure that the client is."""
    reference: str
    features: tuple[str, ...]
    """What of the portal is open to the client's people."""
    version: int = 0
    """Of the account; 0 where it was told before events carried it."""
    opened_at: AwareDatetime


class ClientAccountAccepted(
    Event, type="structures.client-account-accepted.v1", key="client_account_id"
):
    """A client lets a supplier see its users, and both write to each other."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    accepted_by: str
    version: int
    accepted_at: AwareDatetime


class ClientAccountRefused(
    Event, type="structures.client-account-refused.v1", key="client_account_id"
):
    """A client has nothing to do with a supplier, or nothing more."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    refused_by: str
    version: int
    refused_at: AwareDatetime


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
    version: int = 0
    """Of the account; 0 where it was told before events carried it."""
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
    version: int = 0
    """Of the account; 0 where it was told before events carried it."""
    changed_at: AwareDatetime


class ClientPermissionsChanged(
    Event, type="structures.client-permissions-changed.v1", key="client_account_id"
):
    """What of the portal is open to a client's people, as it now stands."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    features: tuple[str, ...]
    version: int = 0
    """Of the account; 0 where it was told before events carried it."""
    changed_at: AwareDatetime


class ClientContactPermissionsChanged(
    Event, type="structures.client-contact-permissions-changed.v1", key="contact_id"
):
    """What of the portal one user of a client may use, as far as it is open to the client."""

    contact_id: str
    client_account_id: str
    supplier_id: str
    structure_id: str
    user_id: str
    features: tuple[str, ...]
    """All but those that were closed to this user in particular."""
    version: int
    changed_at: AwareDatetime


class ClientContactNotificationsChanged(
    Event, type="structures.client-contact-notifications-changed.v1", key="contact_id"
):
    """Which letters about a supplier one user of its client does not get, as it now stands."""

    contact_id: str
    client_account_id: str
    supplier_id: str
    structure_id: str
    user_id: str
    muted: tuple[str, ...]
    version: int
    changed_at: AwareDatetime


class ClientWelcomed(Event, type="structures.client-welcomed.v1", key="client_account_id"):
    """A supplier wishes a new client to be welcomed by a letter."""

    client_account_id: str
    supplier_name: str | None
    reference: str
    recipient_id: str
    """The principal manager of the structure that the client is."""
    welcomed_at: AwareDatetime
    language: str = ""
    """Of the client, where its supplier has said which; else the recipient's own."""


class RecordsGathered(Gathered, Event, type="structures.records-gathered.v1", key="export_id"):
    """What structures keeps of a person."""


class PublicStructureSettled(Event, type="structures.public-structure-settled.v1", key="ticket_id"):
    """What has become of a public structure that the support desk had accepted."""

    ticket_id: str
    acceptance: int
    structure_id: str
    """Empty while its identifier cannot be read."""
    refusal: str
    """The problem that kept it from being created; empty once it is."""
    settled_at: AwareDatetime


class ContactTold(Event, type="structures.contact-told.v1", key="request_id"):
    """
    Where to write one letter to a structure itself, at the address it has given.

    Told for that letter alone: nobody keeps the addresses of structures beside the one they own.
    """

    request_id: str
    """The claim that is to be proved by the code of the letter."""
    structure_id: str
    structure_name: PersonalText | None
    email: PersonalText
    nonce: str
    expires_at: AwareDatetime


class QuestionAsked(
    Question,
    Event,
    type="structures.question-asked.v1",
    key="question_id",
    audience="public",
):
    """Something is put to those who decide for a structure: a mandate to invoice for it."""


class QuestionAskedV2(Question, Event, type="structures.question-asked.v2", key="question_id"):
    """The same, with whom it names. Told before the first, which opens nothing then."""
