"""Who gave or took which habilitation, and when. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.users import Habilitation
from kit.change import Change, Entity
from kit.days import day_of
from services.users.domain.drafts import held, without
from services.users.domain.rattachements import Rattachement

Cause = Literal[
    "managed",
    "own",
    "approved",
    "in-force",
    "ended",
    "approving",
    "attached",
    "detached",
    "management",
    "erased",
]
"""By a manager; by the principal manager for himself, which needs no approval; by an approval; by
itself, when its time had come or was over; whether the user decides on approvals; with what a
manager attached the user to, or what was taken or left; with the management of the structure; as
the user was erased."""


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
    manages: bool | None = None
    """Whether the user is the principal manager from then on, where that changed."""


def recorded(
    before: Rattachement | None,
    change: Change[Rattachement],
    entry: Entry | None,
    *,
    id: str,
    cause: Cause,
    by: str | None,
    at: datetime,
) -> Change[Entry]:
    """What a change of somebody's rattachement gave and took of habilitations, kept once."""
    after = change.state
    if entry or after is None:
        return Change(entry)
    on = day_of(at)
    had, has = (held(tie, on) if tie else () for tie in (before, after))
    managed, manages = (
        tie is not None and tie.role == "principal_manager" for tie in (before, after)
    )
    given, taken = without(has, had), without(had, has)
    if not given and not taken and managed == manages:
        return Change(entry)
    return Change(
        Entry(
            id=id,
            structure_id=after.structure_id,
            user_id=after.user_id,
            cause=cause,
            by=by,
            at=at,
            given=given,
            taken=taken,
            manages=None if managed == manages else manages,
        )
    )
