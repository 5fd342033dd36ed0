"""What may happen to a structure, and who may see what of it. Pure."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from contracts.structures import Kind, Status, StructureCreated
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid
from services.structures.identifiers import Identifier

Origin = Literal["self-service", "import"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    line: str = ""
    complements: tuple[str, ...] = ()
    postcode: str = ""
    city: str = ""
    country: str = "France"


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure(Entity):
    """One organisation or person, known once, whether it sends or receives or both."""

    identifier: Identifier
    kind: Kind
    status: Status
    legal_name: str | None
    label: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    email: str | None = None
    address: Address | None = None
    non_diffusible: bool = False
    origin: Origin
    created_by: str | None = None
    created_at: datetime

    @property
    def public(self) -> bool:
        """Whether its card may be shown to anybody: not a person's, nor one hidden at INSEE."""
        return self.kind != "person" and not self.non_diffusible


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What anybody may know of a public structure."""

    id: str
    identifier: Identifier
    kind: Kind
    legal_name: str | None
    label: str | None
    status: Status
    postcode: str | None
    city: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Card):
    """What those attached to a structure, and operators, know of it."""

    last_name: str | None
    first_name: str | None
    email: str | None
    address: Address | None
    non_diffusible: bool
    origin: Origin
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """What INSEE says of a SIRET today."""

    siret: str
    open: bool
    diffusible: bool
    legal_name: str | None
    label: str | None
    address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A structure as somebody describes it, its identifier already checked."""

    identifier: Identifier
    kind: Kind
    legal_name: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    email: str | None = None


class PublicStructuresNotSelfService(Forbidden):
    """Public structures are created by the support desk: open a ticket."""


class NameMissing(Invalid):
    """This type of structure needs its name."""


class StructureAlreadyKnown(Conflict):
    """A structure with this identifier is already known: ask to be attached to it."""


class KindContradicted(Invalid):
    """This kind of structure does not have this type of identifier."""


class SiretUnknown(Invalid):
    """INSEE knows no establishment with this SIRET."""


class EstablishmentClosed(Invalid):
    """This establishment is closed at INSEE."""


def describe(
    identifier: Identifier,
    *,
    kind: Kind | None,
    legal_name: str | None = None,
    last_name: str | None = None,
    first_name: str | None = None,
    email: str | None = None,
) -> Wanted:
    """What a user may ask to create; what INSEE does not say must be said by the user."""
    if kind == "public":
        raise PublicStructuresNotSelfService(
            "Choose the category “Gestion des structures et utilisateurs”, "
            "sub-category “Demande de création de structure publique”."
        )
    if kind and (kind == "person") != (identifier.type == "PARTICULIER"):
        raise KindContradicted("A person, and only a person, is a PARTICULIER.", field="body/kind")
    if identifier.type == "PARTICULIER":
        for field, name in (("last_name", last_name), ("first_name", first_name)):
            if not name:
                raise NameMissing(
                    "A person has a last name and a first name.", field=f"body/{field}"
                )
        return Wanted(
            identifier=identifier,
            kind="person",
            last_name=last_name,
            first_name=first_name,
            email=email,
        )
    if not identifier.siret and not legal_name:
        raise NameMissing("INSEE does not know this structure.", field="body/legal_name")
    return Wanted(identifier=identifier, kind=kind or "private", legal_name=legal_name, email=email)


def create(
    current: Structure | None,
    *,
    wanted: Wanted,
    establishment: Establishment | None,
    by: str,
    now: datetime,
) -> Change[Structure]:
    """``establishment`` is what INSEE answered for a SIRET, None when it knows nothing of it."""
    if current:
        if current.public:
            raise StructureAlreadyKnown(structure=asdict(card(current)))
        raise StructureAlreadyKnown
    if wanted.identifier.siret:
        establishment = _still_open(establishment)
    hidden = establishment is not None and not establishment.diffusible
    legal_name = (establishment and establishment.legal_name) or wanted.legal_name
    structure = Structure(
        id=wanted.identifier.structure_id,
        identifier=wanted.identifier,
        kind=wanted.kind,
        status="active",
        legal_name=None if hidden else legal_name,
        label=establishment.label if establishment else None,
        last_name=wanted.last_name,
        first_name=wanted.first_name,
        email=wanted.email,
        address=establishment.address if establishment else None,
        non_diffusible=hidden,
        origin="self-service",
        created_by=by,
        created_at=now,
    )
    return Change(structure, (_created(structure),))


def import_one(
    current: Structure | None,
    *,
    identifier: Identifier,
    status: Status = "active",
    legal_name: str | None = None,
    email: str | None = None,
    address: Address | None = None,
    now: datetime,
) -> Change[Structure]:
    """A line of the public directory; what is already known stays as it is."""
    if current:
        return Change(current)
    structure = Structure(
        id=identifier.structure_id,
        identifier=identifier,
        kind="public",
        status=status,
        legal_name=legal_name,
        email=email,
        address=address,
        origin="import",
        created_at=now,
    )
    return Change(structure, (_created(structure),))


def sees_record(
    structure: Structure, *, user_id: str, operator: bool, attached: bool | None
) -> bool:
    """``attached`` is None until a first word of this user's rights here has been heard."""
    if attached is None:
        attached = user_id == structure.created_by
    return operator or attached


def card(structure: Structure) -> Card:
    return Card(**_card(structure))


def record(structure: Structure) -> Record:
    return Record(
        **_card(structure),
        last_name=structure.last_name,
        first_name=structure.first_name,
        email=structure.email,
        address=structure.address,
        non_diffusible=structure.non_diffusible,
        origin=structure.origin,
        created_by=structure.created_by,
        created_at=structure.created_at,
    )


def _card(structure: Structure) -> dict[str, Any]:
    address = structure.address
    return {
        "id": structure.id,
        "identifier": structure.identifier,
        "kind": structure.kind,
        "legal_name": structure.legal_name,
        "label": structure.label,
        "status": structure.status,
        "postcode": address.postcode or None if address else None,
        "city": address.city or None if address else None,
    }


def _still_open(establishment: Establishment | None) -> Establishment:
    if establishment is None:
        raise SiretUnknown(field="body/identifier/value")
    if not establishment.open:
        raise EstablishmentClosed(field="body/identifier/value")
    return establishment


def _created(structure: Structure) -> StructureCreated:
    identifier = structure.identifier
    return StructureCreated(
        structure_id=structure.id,
        identifier_type=identifier.type,
        # A person's identifier holds their name, and events carry no name.
        identifier="" if identifier.type == "PARTICULIER" else identifier.value,
        kind=structure.kind,
        legal_name=structure.legal_name if structure.public else None,
        status=structure.status,
        non_diffusible=structure.non_diffusible,
        origin=structure.origin,
        created_by=structure.created_by,
        created_at=structure.created_at,
    )
