"""What was done to the rattachements of a structure: shown to those who manage it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from kit.change import Change, Entity
from services.users.domain.lines import Extent, Lines, spanning
from services.users.domain.rattachements import Rattachement

Done = Literal[
    "attached",
    "granted",
    "refused",
    "detached",
    "left",
    "begun",
    "ended",
    "erased",
    "management-transferred",
    "management-left",
    "management-claimed",
    "management-assigned",
]
"""The last four say how the user became the principal manager: by a transfer, by the departure of
the one before, by a claim, or by the desk. ``erased``: the user was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Entity):
    """One thing that was done to one user's rattachement. Never changed."""

    structure_id: str
    user_id: str
    done: Done
    units: tuple[str, ...] = ()
    """None: the whole structure."""
    valid_from: date | None = None
    valid_until: date | None = None
    comment: str = ""
    by: str | None = None
    """Whoever did it; None when only a day had come."""
    at: datetime
    former_manager_id: str | None = None
    """Whose the management was until then."""


def done(
    current: Action | None,
    tie: Rattachement,
    what: Done,
    about: Lines | Extent,
    *,
    id: str,
    by: str | None,
    at: datetime,
    comment: str = "",
) -> Change[Action]:
    """Kept once under its id, however often it is decided."""
    if current:
        return Change(current)
    extent = about if isinstance(about, Extent) else spanning(about)
    return Change(
        Action(
            id=id,
            structure_id=tie.structure_id,
            user_id=tie.user_id,
            done=what,
            units=extent.units,
            valid_from=extent.valid_from,
            valid_until=extent.valid_until,
            comment=comment,
            by=by,
            at=at,
        )
    )
