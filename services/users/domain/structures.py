"""What users knows of structures: a copy of what the structures service told."""

from dataclasses import dataclass

from contracts.structures import Kind, Status, StructureCreated
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


def is_discreet(created: StructureCreated) -> bool:
    return created.kind == "person" or created.non_diffusible
