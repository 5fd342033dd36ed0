"""Who gave or took which habilitation, and when. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.users import Habilitation
from kit.change import Entity

Cause = Literal["managed", "own", "approved", "in-force", "ended", "approving"]
"""By a manager; by the principal manager for himself, which needs no approval; by an approval; by
itself, when its time had come or was over; or whether the user decides on approvals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Entity):
    """One change of what a user may do in a structure."""

    structure_id: str
    user_id: str
    cause: Cause
    by: str | None
    at: datetime
    given: tuple[Habilitation, ...] = ()
    taken: tuple[Habilitation, ...] = ()
    effective_at: datetime | None = None
    """Of what was given, if not at once."""
    may_approve: bool | None = None
