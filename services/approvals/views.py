"""What people read about approvals."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.approvals import Kind
from contracts.users import Habilitation
from kit.collection import Collection
from kit.pages import Asked, Page, page
from kit.rights import Rights
from services.approvals.domain.approvals import Approval, State
from services.approvals.domain.people import Person


class Requester(BaseModel):
    id: str
    name: str


class ApprovalView(BaseModel):
    """A question, and its answer once there is one."""

    id: str
    kind: Kind
    state: State
    requester: Requester
    structure_id: str
    structure_identifier: str | None
    """Null for the requester, as are the name and ``decided_by``: users says what they may know."""
    structure_name: str | None
    units: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    given: tuple[Habilitation, ...]
    taken: tuple[Habilitation, ...]
    comment: str
    opened_at: datetime
    expires_at: datetime | None
    """When it is over, and nothing approved, if nobody has answered by then."""
    answerable: bool
    """Whether it waits, and somebody may decide on it; else the structure may be claimed."""
    decided_at: datetime | None
    decided_by: str | None
    reason: str


class Approvals(Page[ApprovalView]):
    pending: int
    """How many wait for a decision that the caller may take."""


async def shown(approval: Approval, people: Collection[Person], *, to: str) -> ApprovalView:
    """As whoever asks may see it: a requester learns no more of the structure, nor who decided."""
    view = _view(approval, await people.many([approval.requester_id]))
    if to != approval.requester_id:
        return view
    unknown = {"structure_identifier": None, "structure_name": None, "decided_by": None}
    return view.model_copy(update=unknown)


async def to_decide(
    approvals: Collection[Approval],
    people: Collection[Person],
    rights: Iterable[Rights],
    state: State | None,
    asked: Asked,
    *,
    by: str,
    today: date,
) -> Approvals:
    """What somebody with these rights may decide on, or could have decided on."""
    limits = {one.structure_id: one.limited_to(today) for one in rights if one.approves(today)}
    theirs = _theirs(limits, by)
    where = theirs | ({"state": state} if state else {})
    found, following = await page(approvals, where, asked, by="opened_at")
    pending = await approvals.documents.count_documents(theirs | {"state": "requested"})
    names = await people.many(sorted({one.requester_id for one in found}))
    return Approvals(items=[_view(one, names) for one in found], next=following, pending=pending)


def _theirs(limits: dict[str, tuple[str, ...]], by: str) -> dict[str, Any]:
    """The rule of ``Seat.decides``, as the database reads it."""
    either: list[dict[str, Any]] = [
        {
            "structure_id": structure_id,
            "units": {"$ne": [], "$not": {"$elemMatch": {"$nin": list(units)}}},
        }
        for structure_id, units in limits.items()
        if units
    ]
    if whole := [structure_id for structure_id, units in limits.items() if not units]:
        either.append({"structure_id": {"$in": whole}})
    return {"$or": either, "requester_id": {"$ne": by}} if either else {"_id": {"$in": []}}


def _view(approval: Approval, names: dict[str, Person]) -> ApprovalView:
    requester = names.get(approval.requester_id)
    return ApprovalView(
        id=approval.id,
        kind=approval.kind,
        state=approval.state,
        requester=Requester(id=approval.requester_id, name=requester.name if requester else ""),
        structure_id=approval.structure_id,
        structure_identifier=approval.structure_identifier,
        structure_name=approval.structure_name,
        units=approval.units,
        valid_from=approval.valid_from,
        valid_until=approval.valid_until,
        given=approval.given,
        taken=approval.taken,
        comment=approval.comment,
        opened_at=approval.opened_at,
        expires_at=approval.expires_at,
        answerable=approval.state == "requested" and approval.told,
        decided_at=approval.decided_at,
        decided_by=approval.decided_by,
        reason=approval.reason,
    )
