"""What users shows of what it keeps. Reads only."""

from datetime import date, datetime

from pydantic import BaseModel

from contracts.users import Role
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest, Status
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
    units: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    comment: str
    reason: str
    requested_at: datetime
    decided_at: datetime | None


def shown(request: RattachementRequest, rattachement: Rattachement | None) -> MyRattachement:
    attached = request.status == "granted" and rattachement
    return MyRattachement(
        id=request.id,
        structure_id=request.structure_id,
        structure_identifier=request.structure_identifier if request.names_structure else None,
        structure_name=request.structure_name if request.names_structure else None,
        role=attached.role if attached else None,
        status=request.status,
        units=request.extent.units,
        valid_from=request.extent.valid_from,
        valid_until=request.extent.valid_until,
        comment=request.comment,
        reason=request.reason,
        requested_at=request.requested_at,
        decided_at=request.decided_at,
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
    return Page(items=[shown(one, ties.get(_tie(one))) for one in found], next=next)


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
    return shown(request, await membership.rattachements.find(_tie(request)))


def _tie(request: RattachementRequest) -> str:
    return rattachement_id(request.user_id, request.structure_id)
