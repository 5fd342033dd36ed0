"""What users knows of structures: a copy of what the structures service told."""

from dataclasses import dataclass, replace
from typing import Any

from contracts.structures import Kind, Status, StructureChanged, StructureCreated
from kit.change import Change, Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure(Entity):
    """As much of a structure as it takes to be asked for a rattachement."""

    identifier: str
    legal_name: str | None
    kind: Kind
    status: Status
    discreet: bool = False
    """Its name and identifier are not for strangers, even those who ask to be attached."""
    heard: int = 0
    """The version of the structure this copy shows; 0: as it was created."""

    @property
    def active(self) -> bool:
        return self.status == "active"


def learn(created: StructureCreated, current: Structure | None) -> Change[Structure]:
    """Keep what was told first: a repeated creation must not undo what was told since."""
    return Change(
        current
        or Structure(
            id=created.structure_id,
            identifier=created.identifier,
            legal_name=created.legal_name,
            kind=created.kind,
            status=created.status,
            discreet=is_discreet(created),
        )
    )


def follow(changed: StructureChanged, current: Structure | None) -> Change[Structure]:
    """Keep what was told last. Requests that wait stay: who decides on them may still refuse."""
    if current and current.heard >= changed.version:
        return Change(current)
    shown: dict[str, Any] = {
        "identifier": changed.identifier,
        "legal_name": changed.legal_name,
        "kind": changed.kind,
        "status": changed.status,
        "discreet": is_discreet(changed),
        "heard": changed.version,
    }
    known = replace(current, **shown) if current else Structure(id=changed.structure_id, **shown)
    return Change(known)


def is_discreet(told: StructureCreated | StructureChanged) -> bool:
    return told.kind == "person" or told.non_diffusible
