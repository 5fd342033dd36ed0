"""Structures, their units and people, as far as a ticket names them: copies of what was told."""

from dataclasses import dataclass, replace

from contracts.structures import (
    DEFAULT_UNIT,
    StructureChanged,
    StructureCreated,
    UnitChanged,
    UnitCreated,
    UnitEnded,
)
from contracts.users import PersonChanged, PersonErased
from kit.change import Change, Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure(Entity):
    """What a structure is called, and whether it sends and receives."""

    name: str
    identifier: str
    public: bool
    active: bool = True
    told: int
    """The version that structures gave this state; 0 as it was created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Entity):
    """What a unit of a structure is called, and whether it is there."""

    name: str
    active: bool
    told: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody(Entity):
    """What a user is called and where to write to them."""

    name: str
    email: str
    active: bool = True
    """Whether their account is; as long as nothing else was told."""
    heard: int
    erased: bool = False


def copy_structure(
    told: StructureCreated | StructureChanged, current: Structure | None
) -> Change[Structure]:
    version = told.version if isinstance(told, StructureChanged) else 0
    if current and current.told >= version:
        return Change(current)
    # What a person is called is nobody's business but of whoever may see that structure.
    hidden = told.kind == "person" or told.non_diffusible
    return Change(
        Structure(
            id=told.structure_id,
            version=current.version if current else 0,
            name="" if hidden else told.legal_name or "",
            identifier="" if hidden else told.identifier,
            public=told.kind == "public",
            active=told.status == "active",
            told=version,
        )
    )


def unit_id(structure_id: str, code: str) -> str:
    return f"{structure_id}:{code}"


def copy_unit(told: UnitCreated | UnitChanged | UnitEnded, current: Unit | None) -> Change[Unit]:
    if current and current.told >= told.version:
        return Change(current)
    if isinstance(told, UnitEnded):
        name, active = current.name if current else "", False
    else:
        name, active = told.name, told.status == "active"
    unit = Unit(
        id=unit_id(told.structure_id, told.code),
        version=current.version if current else 0,
        name=name,
        active=active,
        told=told.version,
    )
    return Change(unit)


def copy_somebody(told: PersonChanged, current: Somebody | None) -> Change[Somebody]:
    if current and (current.erased or current.heard >= told.version):
        return Change(current)
    return Change(
        Somebody(
            id=told.user_id,
            version=current.version if current else 0,
            name=f"{told.first_name} {told.last_name}".strip(),
            email=told.email,
            active=told.active,
            heard=told.version,
        )
    )


def forget_somebody(told: PersonErased, current: Somebody | None) -> Change[Somebody]:
    """Nobody is called anything under this id any more, whatever is heard late."""
    nobody = current or Somebody(id=told.user_id, name="", email="", heard=0)
    return Change(replace(nobody, name="", email="", active=False, erased=True))


def there(structure: Structure | None, unit: Unit | None, code: str) -> bool:
    """Whether a structure has such a unit; every public one has the default unit."""
    if unit is not None:
        return unit.active
    return code == DEFAULT_UNIT and structure is not None and structure.public
