"""What users shows of what it keeps. Reads only."""

from datetime import date, datetime

from pydantic import BaseModel

from contracts.users import Line, Role
from kit.clock import today
from kit.entitled import attached, manages
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest, Status
from services.users.domain.states import State, state_of
from services.users.membership import Membership


class MyRattachement(BaseModel):
    """One request of mine; the creation of a structure counts as one, granted at once."""

    id: str
    structure_id: str
    structure_identifier: str | None
    structure_name: str | None
    role: Role | None
    """What I now am in this structure, if this request was granted."""
    status: Status
    state: State
    """What has become of it since: a granted one may have ended, or been taken away."""
    units: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    comment: str
    reason: str
    requested_at: datetime
    decided_at: datetime | None
    may_modify: bool
    """Whether I may modify the structure today, and not only consult it."""


class ActiveRattachement(BaseModel):
    """One structure to which I am attached today."""

    structure_id: str
    structure_identifier: str | None
    structure_name: str | None
    role: Role
    lines: tuple[Line, ...]
    """Those that stand today or will."""
    may_modify: bool


def shown(
    request: RattachementRequest, rattachement: Rattachement | None, today: date
) -> MyRattachement:
    held = request.status == "granted" and rattachement
    return MyRattachement(
        id=request.id,
        structure_id=request.structure_id,
        structure_identifier=request.structure_identifier if request.names_structure else None,
        structure_name=request.structure_name if request.names_structure else None,
        role=held.role if held else None,
        status=request.status,
        state=state_of(request, rattachement, today),
        units=request.extent.units,
        valid_from=request.extent.valid_from,
        valid_until=request.extent.valid_until,
        comment=request.comment,
        reason=request.reason,
        requested_at=request.requested_at,
        decided_at=request.decided_at,
        may_modify=rattachement is not None and manages(rattachement, today),
    )


async def my_rattachements(
    membership: Membership,
    asked: PageAsked,
    *,
    user_id: str,
    status: Status | None,
) -> Page[MyRattachement]:
    """Newest first."""
    where = {"user_id": user_id} | ({"status": status} if status else {})
    found, next = await page(membership.requests, where, asked, by="requested_at", descending=True)
    ties = await membership.rattachements.many([*{_tie(one) for one in found}])
    return Page(items=[shown(one, ties.get(_tie(one)), today()) for one in found], next=next)


async def my_rattachement(
    membership: Membership,
    id: str,
    *,
    user_id: str,
) -> MyRattachement:
    """Raises NotFound for somebody else's, as for one that nobody made."""
    request = await membership.requests.get(id)
    if request.user_id != user_id:
        raise NotFound(id)
    return shown(request, await membership.rattachements.find(_tie(request)), today())


async def active_rattachements(
    membership: Membership, asked: PageAsked, *, user_id: str, on: date
) -> Page[ActiveRattachement]:
    day = on.isoformat()
    stands = {
        "valid_from": {"$lte": day},
        "$or": [{"valid_until": None}, {"valid_until": {"$gte": day}}],
    }
    before = {"lines": None, "extent.valid_from": {"$lte": day}}
    where = {
        "user_id": user_id,
        "role": {"$ne": None},
        # The second: kept before there were lines.
        "$or": [{"lines": {"$elemMatch": stands}}, before],
    }
    ties = membership.rattachements
    found, following = await page(ties, where, asked, by="structure_id", descending=False)
    structures = await membership.structures.many([one.structure_id for one in found])
    items = [
        ActiveRattachement(
            structure_id=one.structure_id,
            structure_identifier=known.identifier if known else None,
            structure_name=known.legal_name if known else None,
            role=one.role or "user",
            lines=one.standing(on),
            may_modify=manages(one, on),
        )
        for one in found
        if attached(one, on)
        for known in [structures.get(one.structure_id)]
    ]
    return Page(items=items, next=following)


def _tie(request: RattachementRequest) -> str:
    return rattachement_id(request.user_id, request.structure_id)
