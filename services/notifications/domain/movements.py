"""What has happened in structures, told of once a week to those attached to them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from contracts.event import Event
from contracts.structures import StructureCreated, UnitCreated, UnitEnded
from contracts.users import (
    EspaceClosed,
    EspaceOpened,
    ManagementTransferred,
    RattachementEnded,
    RattachementGranted,
    RattachementMade,
    RattachementRemoved,
)
from kit.change import Change, Entity

Kind = Literal[
    "structure-created",
    "user-attached",
    "user-detached",
    "manager-changed",
    "unit-created",
    "unit-ended",
    "espace-opened",
    "espace-closed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement(Entity):
    """
    Something that has happened in one structure or several, at once.

    Nobody is named: only managers may see who else is attached.
    """

    structure_ids: tuple[str, ...]
    name: str = ""
    """Of the structure, where it was told."""
    kind: Kind
    heard_at: datetime
    """Not when it happened: a recap that has left could not tell of it any more."""


def note(movement: Movement, current: Movement | None) -> Change[Movement]:
    return Change(current or movement)


def movement_of(event: Event, *, now: datetime) -> Movement:
    """Raises KeyError of an event that is none."""
    kind, which, structures = MOVEMENTS[type(event)]
    return Movement(
        id=f"{kind}:{event.key}:{which(event)}",
        structure_ids=structures(event),
        name=getattr(event, "structure_name", None) or getattr(event, "legal_name", None) or "",
        kind=kind,
        heard_at=now,
    )


def _its_structure(event: Any) -> tuple[str, ...]:
    return (event.structure_id,)


MOVEMENTS: Final[
    dict[type[Event], tuple[Kind, Callable[[Any], str], Callable[[Any], tuple[str, ...]]]]
] = {
    StructureCreated: ("structure-created", lambda _: "", _its_structure),
    RattachementGranted: ("user-attached", lambda _: "", _its_structure),
    RattachementMade: ("user-attached", lambda event: event.made_at.isoformat(), _its_structure),
    RattachementRemoved: (
        "user-detached",
        lambda event: event.removed_at.isoformat(),
        _its_structure,
    ),
    RattachementEnded: ("user-detached", lambda event: event.day.isoformat(), _its_structure),
    ManagementTransferred: ("manager-changed", lambda _: "", lambda event: event.structure_ids),
    UnitCreated: ("unit-created", lambda _: "", _its_structure),
    UnitEnded: ("unit-ended", lambda event: event.ended_at.isoformat(), _its_structure),
    EspaceOpened: (
        "espace-opened",
        lambda event: f"{event.espace}:{event.opened_at.isoformat()}",
        _its_structure,
    ),
    EspaceClosed: (
        "espace-closed",
        lambda event: f"{event.espace}:{event.closed_at.isoformat()}",
        _its_structure,
    ),
}
"""Of each event: what kind of movement it is, which of that entity, and where."""
