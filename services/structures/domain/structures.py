"""A structure's record: what it holds, how it is created, and who may see what of it. Pure."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal

from contracts.structures import Kind, Requires, Status, StructureCreated
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid
from services.structures.domain.identifiers import Identifier, check_name
from services.structures.domain.options import (
    NOT_CONNECTED,
    NOTHING_ASKED,
    Edi,
    Flags,
    JusticeCategory,
    JusticeRegime,
)

Origin = Literal["self-service", "import"]
ShownStatus = Literal["active", "inactive", "activation_in_progress"]
"""An activation in progress has been asked for and is not in force yet: inactive to all others."""
Waits = Literal["details", "edi", "flags", "activation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    line: str = ""
    complements: tuple[str, ...] = ()
    postcode: str = ""
    city: str = ""
    country: str = "France"


# Without slots, here and in what is derived from it: two bases with slots cannot be combined.
@dataclass(frozen=True, kw_only=True)
class Details:
    """What those who manage a structure say of it; some of it, INSEE says of a SIRET."""

    legal_name: str | None = None
    label: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    rcs_number: str | None = None
    vat_number: str | None = None
    """Where it does not follow from the identifier."""
    email: str | None = None
    phone: str | None = None
    address: Address | None = None
    justice_category: JusticeCategory | None = None
    justice_regime: JusticeRegime | None = None
    agricultural: bool = False
    billing_mandates: tuple[str, ...] = ()
    """References; the mandates themselves are kept where invoices are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A change that was asked for and is not in force yet; the latest of its sort."""

    what: Waits
    by: str
    asked_at: datetime
    effective_at: datetime
    details: Details | None = None
    edi: Edi | None = None
    flags: Flags | None = None


@dataclass(frozen=True, kw_only=True)
class Structure(Details, Entity):
    """One organisation or person, known once, whether it sends or receives or both."""

    identifier: Identifier
    kind: Kind
    status: Status
    edi: Edi = NOT_CONNECTED
    flags: Flags = NOTHING_ASKED
    non_diffusible: bool = False
    origin: Origin
    created_by: str | None = None
    created_at: datetime
    waiting: tuple[Waiting, ...] = ()
    origin_structure: str | None = None
    """The structure it was duplicated from."""
    duplicates: tuple[str, ...] = ()

    @property
    def public(self) -> bool:
        """Whether its card may be shown to anybody: not a person's, nor one hidden at INSEE."""
        return self.kind != "person" and not self.non_diffusible

    @property
    def shown_status(self) -> ShownStatus:
        activating = any(one.what == "activation" for one in self.waiting)
        return "activation_in_progress" if activating else self.status

    @property
    def details(self) -> Details:
        return Details(**values_of(self, Details))


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What anybody may know of a public structure."""

    id: str
    identifier: Identifier
    kind: Kind
    legal_name: str | None
    label: str | None
    status: ShownStatus
    postcode: str | None
    city: str | None
    requires: Requires
    flags: Flags


@dataclass(frozen=True, kw_only=True)
class Record(Details, Card):
    """What those attached to a structure, and operators, know of it."""

    principal_manager_id: str | None
    bank_details_required: bool
    edi: Edi
    non_diffusible: bool
    origin: Origin
    created_by: str | None
    created_at: datetime
    waiting: tuple[Waiting, ...]
    origin_structure: str | None
    duplicates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """What INSEE says of a SIRET today."""

    siret: str
    open: bool
    diffusible: bool
    legal_name: str | None
    label: str | None
    address: Address | None


@dataclass(frozen=True, kw_only=True)
class Wanted(Details):
    """A structure as somebody describes it, its identifier already checked."""

    identifier: Identifier
    kind: Kind


class PublicStructuresNotSelfService(Forbidden):
    """Public structures are created by the support desk: open a ticket."""


class NameMissing(Invalid):
    """This type of structure needs its name."""


class StructureAlreadyKnown(Conflict):
    """A structure with this identifier is already known: ask to be attached to it."""


class ComesFromInsee(Invalid):
    """INSEE says this of a structure with a SIRET: have it changed there, then refresh."""


class VatNumberFollows(Invalid):
    """The VAT number of this structure follows from its identifier."""


class BankDetailsMissing(Conflict):
    """A justice provider or an agricultural professional gives their bank details first."""


class StructureInactive(Conflict):
    """This structure is not active."""


class ManagersOnly(Forbidden):
    """Only those who manage this structure may do this."""


class KindContradicted(Invalid):
    """This kind of structure does not have this type of identifier."""


class SiretUnknown(Invalid):
    """INSEE knows no establishment with this SIRET."""


class EstablishmentClosed(Invalid):
    """This establishment is closed at INSEE."""


def describe(
    identifier: Identifier, *, kind: Kind | None, details: Details | None = None
) -> Wanted:
    """What a user may ask to create; what INSEE does not say must be said by the user."""
    said = details or Details()
    if kind == "public":
        raise PublicStructuresNotSelfService(
            "Ask the support desk for it: POST /v1/structure-requests."
        )
    if kind and (kind == "person") != (identifier.type == "PARTICULIER"):
        raise KindContradicted("A person, and only a person, is a PARTICULIER.", field="body/kind")
    refuse_what_others_say(identifier, said)
    refuse_without_bank_details(said, known=False)
    if identifier.type == "PARTICULIER":
        refuse_nameless(said, "person")
        return Wanted(
            identifier=identifier,
            kind="person",
            **values_of(said, Details) | {"legal_name": None},
        )
    if not identifier.siret:
        refuse_nameless(said, "private")
    check_name(identifier, said.legal_name)
    own = values_of(said, Details) | {"last_name": None, "first_name": None}
    return Wanted(identifier=identifier, kind=kind or "private", **own)


def refuse_what_others_say(identifier: Identifier, said: Details) -> None:
    """INSEE says where a SIRET is, and some identifiers hold the VAT number."""
    if identifier.siret and said.address:
        raise ComesFromInsee(field="body/address")
    if identifier.vat_number and said.vat_number:
        raise VatNumberFollows(field="body/vat_number")


def refuse_nameless(said: Details, kind: Kind) -> None:
    if kind != "person":
        if not said.legal_name:
            raise NameMissing("INSEE gives no name of it.", field="body/legal_name")
        return
    for field, name in (("last_name", said.last_name), ("first_name", said.first_name)):
        if not name:
            raise NameMissing("A person has a last name and a first name.", field=f"body/{field}")


def refuse_without_bank_details(said: Details, *, known: bool) -> None:
    """``known``: whether the structure has bank details that are in use."""
    if needs_bank_details(said) and not known:
        field = "justice_category" if said.justice_category else "agricultural"
        raise BankDetailsMissing(field=f"body/{field}")


def needs_bank_details(details: Details) -> bool:
    """Others may have bank details."""
    return details.justice_category is not None or details.agricultural


def needs_them_soon(structure: Structure) -> bool:
    """Whether it needs bank details as it is, or once what waits is in force."""
    waiting = (one.details for one in structure.waiting if one.details)
    return any(map(needs_bank_details, (structure, *waiting)))


def create(
    current: Structure | None,
    *,
    wanted: Wanted,
    establishment: Establishment | None,
    by: str | None,
    now: datetime,
) -> Change[Structure]:
    """
    ``establishment`` is what INSEE answered for a SIRET, None when it knows nothing of it.

    ``by``: who will be its principal manager, if there is to be one.
    """
    if current:
        if current.public:
            raise StructureAlreadyKnown(structure=asdict(card(current)))
        raise StructureAlreadyKnown
    if wanted.identifier.siret:
        establishment = _still_open(establishment)
    hidden = establishment is not None and not establishment.diffusible
    said = values_of(wanted, Details)
    if establishment:
        said |= {
            "legal_name": None if hidden else establishment.legal_name or wanted.legal_name,
            "label": wanted.label or establishment.label,
            "address": establishment.address,
        }
        if not hidden:
            refuse_nameless(Details(**said), wanted.kind)
    structure = Structure(
        id=wanted.identifier.structure_id,
        identifier=wanted.identifier,
        kind=wanted.kind,
        status="active",
        non_diffusible=hidden,
        origin="self-service",
        created_by=by,
        created_at=now,
        **said,
    )
    return Change(structure, (created(structure),))


def sees_record(
    structure: Structure, *, user_id: str, operator: bool, attached: bool | None
) -> bool:
    """``attached`` is None until a first word of this user's rights here has been heard."""
    if attached is None:
        attached = user_id == structure.created_by
    return operator or attached


def card(structure: Structure) -> Card:
    return Card(**_card(structure))


def record(structure: Structure, *, principal_manager_id: str | None = None) -> Record:
    known = values_of(structure, Details) | _card(structure)
    return Record(
        **known | {"vat_number": structure.identifier.vat_number or structure.vat_number},
        principal_manager_id=principal_manager_id,
        bank_details_required=needs_bank_details(structure),
        edi=structure.edi,
        non_diffusible=structure.non_diffusible,
        origin=structure.origin,
        created_by=structure.created_by,
        created_at=structure.created_at,
        waiting=structure.waiting,
        origin_structure=structure.origin_structure,
        duplicates=structure.duplicates,
    )


def _card(structure: Structure) -> dict[str, Any]:
    address = structure.address
    return {
        "id": structure.id,
        "identifier": structure.identifier,
        "kind": structure.kind,
        "legal_name": structure.legal_name,
        "label": structure.label,
        "status": structure.shown_status,
        "postcode": address.postcode or None if address else None,
        "city": address.city or None if address else None,
        "requires": structure.flags.requires,
        "flags": structure.flags,
    }


def values_of(one: Any, kind: type[Any]) -> dict[str, Any]:
    """The fields of ``kind``, as ``one`` has them."""
    return {field.name: getattr(one, field.name) for field in fields(kind)}


def _still_open(establishment: Establishment | None) -> Establishment:
    if establishment is None:
        raise SiretUnknown(field="body/identifier/value")
    if not establishment.open:
        raise EstablishmentClosed(field="body/identifier/value")
    return establishment


def created(structure: Structure) -> StructureCreated:
    return StructureCreated(
        **named(structure),
        origin=structure.origin,
        created_by=structure.created_by,
        duplicate_of=structure.origin_structure,
        created_at=structure.created_at,
    )


def named(structure: Structure) -> dict[str, Any]:
    """How every event about a structure says which one it is."""
    identifier = structure.identifier
    return {
        "structure_id": structure.id,
        "identifier_type": identifier.type,
        # A person's identifier holds their name, and events carry no name.
        "identifier": "" if identifier.type == "PARTICULIER" else identifier.value,
        "kind": structure.kind,
        "legal_name": structure.legal_name if structure.public else None,
        "status": structure.status,
        "non_diffusible": structure.non_diffusible,
    }
