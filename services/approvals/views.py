"""What people read about approvals."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel

from contracts.users import Habilitation
from kit.collection import Collection
from kit.days import PARIS, beginning_of
from kit.pages import Asked, Page, page
from kit.rights import Rights
from kit.spreadsheets import Row
from services.approvals.domain.approvals import Approval, State
from services.approvals.domain.approvers import Approvers, who_decides
from services.approvals.domain.comments import MOST_EACH, Comment
from services.approvals.domain.people import Person

Sort = Literal[
    "opened_at", "number", "state", "description", "structure_identifier", "structure_name", "unit"
]
Direction = Literal["ascending", "descending"]
Mine = Literal["to-decide", "asked"]
"""Whose turn it is, or was, to answer: one's own, or that of others one has asked."""

ONE_DAY: Final = timedelta(days=1)
SORTED_BY: Final = 60
"""Characters of a text by which it is sorted: a cursor holds them."""
COLUMNS: Final = (
    "Numéro",
    "État",
    "Description",
    "Demandeur",
    "Structure",
    "Raison sociale",
    "Service",
    "Créé",
)
STATES: Final[dict[State, str]] = {
    "requested": "Demandé",
    "approved": "Approuvé",
    "refused": "Refusé",
    "withdrawn": "Retiré",
    "expired": "Expiré",
}
OF_THE_STRUCTURE: Final[tuple[Sort, ...]] = ("structure_identifier", "structure_name")
HIDDEN: Final = dict.fromkeys((*OF_THE_STRUCTURE, "decided_by"))
"""From the requester."""
Where = dict[str, Any]
"""Which approvals, as the database reads it."""
_KEPT_AS: Final = {
    "description": "by_title",
    "structure_name": "by_structure_name",
    "unit": "by_unit",
}


def sorted_by(approval: Approval) -> dict[str, str]:
    """What lists are sorted by beside the approval's own fields: texts, without regard to case."""
    return {
        "by_title": approval.title.casefold()[:SORTED_BY],
        "by_structure_name": (approval.structure_name or "").casefold()[:SORTED_BY],
        "by_unit": " ".join(sorted(approval.units))[:SORTED_BY],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which of somebody's approvals, and in what order."""

    mine: Mine = "to-decide"
    state: State | None = None
    kind: str | None = None
    number: str | None = None
    structure_id: str | None = None
    unit: str | None = None
    requester_id: str | None = None
    opened_from: date | None = None
    opened_until: date | None = None
    sort: Sort = "opened_at"
    direction: Direction = "descending"

    @property
    def where(self) -> dict[str, Any]:
        same = {
            "state": self.state,
            "kind": self.kind,
            "number": self.number,
            "structure_id": self.structure_id,
            "units": self.unit,
            "requester_id": self.requester_id,
        }
        asked: list[dict[str, Any]] = [{name: value} for name, value in same.items() if value]
        if self.opened_from:
            asked.append({"opened_at": {"$gte": beginning_of(self.opened_from)}})
        if self.opened_until:
            asked.append({"opened_at": {"$lt": beginning_of(self.opened_until + ONE_DAY)}})
        return {"$and": asked} if asked else {}

    @property
    def order(self) -> tuple[str, int]:
        """
        The field that sorts, and which way.

        An index has the order of time alone; in any other the database sorts all of somebody's.
        """
        way = -1 if self.direction == "descending" else 1
        return _KEPT_AS.get(self.sort, self.sort), way


class Somebody(BaseModel):
    id: str
    name: str


class Requester(Somebody):
    email: str


class ApprovalView(BaseModel):
    """A question, and its answer once there is one."""

    id: str
    number: str
    kind: str
    state: State
    description: str
    requester: Somebody
    structure_id: str
    structure_identifier: str | None
    """Null for the requester, as are the name and ``decided_by``: users says what they may know."""
    structure_name: str | None
    units: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    given: tuple[Habilitation, ...]
    taken: tuple[Habilitation, ...]
    changes: tuple[str, ...]
    """What would change, a line each, where that is no rattachement and no habilitation."""
    comment: str
    information_requested: bool
    """Whether the requester was asked for more, and has not answered."""
    opened_at: datetime
    expires_at: datetime | None
    """When it is over, and nothing approved, if nobody has answered by then."""
    answerable: bool
    """Whether it waits, and somebody may decide on it; else the structure may be claimed."""
    decided_at: datetime | None
    decided_by: str | None
    reason: str


class CommentView(BaseModel):
    at: datetime
    by: Somebody | None
    """Null to the requester where somebody wrote who may decide."""
    text: str
    asks: bool
    """Whether it asks the requester for more."""


class ApprovalDetail(ApprovalView):
    requester: Requester
    approver: Somebody | None
    """Who has decided or, until then, who is asked first. Null for the requester."""
    comments: tuple[CommentView, ...]
    """Oldest first; the requester's own words and the reason for a refusal are among them."""


class Approvals(Page[ApprovalView]):
    pending: int
    """How many wait for those who decide: for the caller, or for others they have asked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Reads approvals as whoever asks may see them."""

    approvals: Collection[Approval]
    approvers: Collection[Approvers]
    people: Collection[Person]
    comments: Collection[Comment]

    async def detail(self, approval: Approval, *, to: str, today: date) -> ApprovalDetail:
        """A requester learns no more of the structure, nor who decides or has decided."""
        written = await self._written(approval)
        approver = approval.decided_by or await self._first_asked(approval, today)
        ids = {approval.requester_id, *(one.by for one in written), *filter(None, [approver])}
        people = await self.people.many(sorted(ids))
        hidden = to == approval.requester_id
        said = _view(approval, people).model_dump(exclude={"requester"})
        if hidden:
            said |= HIDDEN
        requester = people.get(approval.requester_id)
        return ApprovalDetail(
            **said,
            requester=Requester(
                id=approval.requester_id,
                name=requester.name if requester else "",
                email=requester.email if requester else "",
            ),
            approver=_somebody(approver, people) if approver and not hidden else None,
            comments=_comments(approval, written, people, hidden=hidden),
        )

    async def _written(self, about: Approval) -> list[Comment]:
        if not about.comments:
            return []
        by_time = [("at", 1), ("_id", 1)]
        return await self.comments.select(
            {"approval_id": about.id}, sort=by_time, most=2 * MOST_EACH
        )

    async def _first_asked(self, about: Approval, today: date) -> str | None:
        if about.state != "requested":
            return None
        known = await self.approvers.find(about.structure_id)
        return next((seat.user_id for seat in who_decides(about, known, on=today)), None)

    async def listed(self, some: Where, sought: Sought, asked: Asked, *, to: str) -> Approvals:
        pending = await self.approvals.documents.count_documents(
            {**some, "state": "requested", "asked_by": None}
        )
        items, following = await self._page(some, sought, asked, to=to)
        return Approvals(items=items, next=following, pending=pending)

    async def rows(self, some: Where, sought: Sought, *, to: str) -> AsyncIterator[list[Row]]:
        """All of them, a few hundred at a time: sorted once, where no index has their order."""
        by, way = sought.order
        every = self.approvals.in_batches(_all_of(some, sought), sort=[(by, way), ("_id", way)])
        async for found in every:
            yield [_row(one) for one in await self._views(found, to=to)]

    async def unattended(self, asked: Asked) -> Page[ApprovalView]:
        """What waits though nobody may decide on it, oldest id first."""
        where = {"told": False, "state": "requested"}
        found, following = await page(self.approvals, where, asked, descending=False)
        return Page(items=await self._views(found), next=following)

    async def _page(
        self, some: Where, sought: Sought, asked: Asked, *, to: str
    ) -> tuple[list[ApprovalView], str | None]:
        by, way = sought.order
        found, following = await page(
            self.approvals,
            _all_of(some, sought),
            asked,
            by=by,
            descending=way < 0,
        )
        return await self._views(found, to=to), following

    async def _views(self, found: list[Approval], *, to: str = "") -> list[ApprovalView]:
        """``to``: whoever reads them; nobody of that name where it is the desk."""
        names = await self.people.many(sorted({one.requester_id for one in found}))
        views = ((_view(one, names), one.requester_id == to) for one in found)
        return [view.model_copy(update=HIDDEN) if own else view for view, own in views]


def _all_of(some: Where, sought: Sought) -> Where:
    return {"$and": [some, sought.where]} if sought.where else some


def asked_for(by: str) -> Where:
    """What somebody has asked for: no right is needed for that, whatever they have left since."""
    return {"requester_id": by}


def decided_with(rights: Iterable[Rights], *, by: str, today: date) -> Where:
    """What somebody may or could decide on: ``Seat.decides``, as the database reads it."""
    limits = {one.structure_id: one.limited_to(today) for one in rights if one.approves(today)}
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
    return ApprovalView(
        id=approval.id,
        number=approval.number,
        kind=approval.kind,
        state=approval.state,
        description=approval.title,
        requester=_somebody(approval.requester_id, names),
        structure_id=approval.structure_id,
        structure_identifier=approval.structure_identifier,
        structure_name=approval.structure_name,
        units=approval.units,
        valid_from=approval.valid_from,
        valid_until=approval.valid_until,
        given=approval.given,
        taken=approval.taken,
        changes=(*filter(None, (approval.named,)), *approval.changes),
        comment=approval.comment,
        information_requested=approval.state == "requested" and approval.asked_by is not None,
        opened_at=approval.opened_at,
        expires_at=approval.expires_at,
        answerable=approval.state == "requested" and approval.told,
        decided_at=approval.decided_at,
        decided_by=approval.decided_by,
        reason=approval.reason,
    )


def _somebody(id: str, people: dict[str, Person]) -> Somebody:
    known = people.get(id)
    return Somebody(id=id, name=known.name if known else "")


def _comments(
    approval: Approval, written: list[Comment], people: dict[str, Person], *, hidden: bool
) -> tuple[CommentView, ...]:
    said = [(one.at, one.by, one.text, one.asks) for one in written]
    if approval.comment:
        said.insert(0, (approval.opened_at, approval.requester_id, approval.comment, False))
    if approval.reason and approval.decided_at and approval.decided_by:
        said.append((approval.decided_at, approval.decided_by, approval.reason, False))
    return tuple(
        CommentView(
            at=at,
            by=None if hidden and by != approval.requester_id else _somebody(by, people),
            text=text,
            asks=asks,
        )
        for at, by, text, asks in said
    )


def _row(one: ApprovalView) -> Row:
    return (
        one.number,
        STATES[one.state],
        one.description,
        one.requester.name,
        one.structure_identifier,
        one.structure_name,
        ", ".join(one.units),
        one.opened_at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M"),
    )
