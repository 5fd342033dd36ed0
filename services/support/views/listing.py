"""Lists of tickets: each is read in its order by an index, or through what is few."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from kit.collection import Collection
from kit.days import PARIS, beginning_of, day_of
from kit.mongo import IndexModel
from kit.pages import Asked, page, place
from services.support.domain.listing import HOLDS, Tab, rank, titled
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket
from services.support.sought import KEPT_AS, ONE_DAY, OVERDUE, Sort, Sought, beginning

FEW: Final = 5_000
"""So many tickets are read and sorted for one page; of more, an order is read instead."""
LOOKED_THROUGH: Final = 4_000
"""So many tickets of an order are read for one page of a search, or for one count."""
MERGED: Final = 150
"""Shelves that are read side by side in an order: MongoDB merges 200 at most."""
COUNTED: Final = 1_000
LOOKED_AT: Final = 16_000
"""Shelves of which tickets are counted one shelf after the other, without reading the tickets."""
READ_AT_ONCE: Final = 500

INDEXES: Final = (
    *(
        IndexModel([("shelves", 1), (field, 1), ("_id", 1)], name=f"by_{sort}")
        for sort, field in KEPT_AS.items()
    ),
    IndexModel([("owners", 1), ("state", 1)], name="owners"),
    # Without _id, which would make this the greatest of all: a ticket is in it for each word.
    IndexModel([("stems", 1), ("created_at", 1)], name="stems_in_time"),
    IndexModel("number", name="number"),
    IndexModel("overdue", name="overdue", partialFilterExpression=OVERDUE),
)
_GROUPS: Final[dict[Sort, Any]] = {
    "created_at": {
        "$dateToString": {"date": "$created_at", "format": "%Y-%m-%d", "timezone": PARIS.key}
    },
    "number": "$number",
    "title": "$by_title",
    "category": "$content.category",
    "subcategory": "$content.subcategory",
    "state": "$state",
}
_LARGE: Final[frozenset[Sort]] = frozenset({"category", "subcategory", "state"})
"""Orders in which thousands of tickets are alike."""


class Count(BaseModel):
    """How many; ``more``: at least, for they were counted no further."""

    count: int
    more: bool


class Group(Count):
    """Tickets that are alike in what the list is sorted by, on whatever page."""

    value: str


@dataclass(frozen=True, slots=True)
class Way:
    """
    What is read, by which index.

    ``entered``: what the index alone says of it. ``narrow``: all of it is sorted when read.
    ``loosely``, ``until``: as ``kit.pages.page`` has them. ``shelves``: too many to be merged, and
    all that is asked.
    """

    where: dict[str, Any]
    index: str
    entered: dict[str, Any]
    narrow: bool = False
    loosely: bool = False
    until: Any = None
    shelves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """
    What may be rare of all that is asked, which the index alone says.

    ``checked``: all that must hold. ``in_order``: the index has the answer's order.
    """

    where: dict[str, Any]
    index: str
    checked: tuple[dict[str, Any], ...]
    in_order: bool = False

    @property
    def loosely(self) -> bool:
        return self.in_order and self.index == "stems_in_time"

    def way(self, *, narrow: bool, until: Any = None) -> Way:
        where, loosely = {"$and": [*self.checked]}, self.loosely and not narrow
        return Way(where, self.index, self.where, narrow, loosely, until)


class Listing:
    """Finds tickets among those that somebody may read."""

    def __init__(self, tickets: Collection[Ticket]) -> None:
        self._tickets = tickets

    async def page(
        self, reach: Reach, sought: Sought, asked: Asked
    ) -> tuple[list[Ticket], str | None, Way]:
        """Where much is to be looked through it may hold fewer than asked, and another follow."""
        way = await self._way(reach, sought, asked.cursor)
        found, following = await self._read(way, sought, asked)
        return found, following, way

    async def all(self, reach: Reach, sought: Sought) -> AsyncIterator[list[Ticket]]:
        """All of them in the same order, a few hundred at a time."""
        following: str | None = ""
        while following is not None:
            asked = Asked(following, READ_AT_ONCE)
            found, following, _ = await self.page(reach, sought, asked)
            yield found

    async def counts(self, reach: Reach) -> dict[Tab, Count]:
        """How many each tab holds."""
        apart: list[Tab] = [tab for tab in HOLDS if tab != "not_closed"]
        counted = await asyncio.gather(*(self._held(reach, Sought(tab=tab)) for tab in apart))
        held = dict[Tab, Count](zip(apart, counted, strict=True))
        held["not_closed"] = await self._not_closed(reach, held)
        return {tab: held[tab] for tab in HOLDS}

    async def _not_closed(self, reach: Reach, held: dict[Tab, Count]) -> Count:
        # Two tabs that share no ticket are parts of this one, and may be enough.
        parts = held["in_progress"], held["actions_required"]
        if any(one.more for one in parts) or sum(one.count for one in parts) > COUNTED:
            return Count(count=COUNTED, more=True)
        return await self._held(reach, Sought(tab="not_closed"))

    async def groups(self, way: Way, sought: Sought, found: list[Ticket]) -> list[Group]:
        """Those that the tickets of a page are of, in its order, each counted in the whole list."""
        ranges = {_group(one, sought.sort): _like(one, sought.sort) for one in found}
        if not way.narrow:
            if 0 < len(way.shelves) <= LOOKED_AT and sought.sort in _LARGE:
                theirs = {"shelves": {"$in": way.shelves}}
                way = Way(theirs, f"by_{sought.sort}", theirs)
            return [
                Group(value=value, **await self._alike(way, sought, among))
                for value, among in ranges.items()
            ]
        where = {"$and": [way.where, {"$or": [*ranges.values()]}]} if ranges else way.where
        grouped = {"$group": {"_id": _GROUPS[sought.sort], "count": {"$sum": 1}}}
        rows = await self._tickets.computed({"$match": where}, grouped, by_index=way.index)
        counted = {row["_id"]: row["count"] for row in rows}
        return [Group(value=one, count=counted.get(one, 0), more=False) for one in ranges]

    async def _held(self, reach: Reach, sought: Sought) -> Count:
        shelves = sought.shelves(reach)
        theirs, index, unchecked = _theirs(reach, sought, shelves, most=LOOKED_AT)
        where = {"$and": [theirs, *unchecked, *sought.beyond_shelves(reach)]}
        return Count(**await self._count(where, index))

    async def _alike(self, way: Way, sought: Sought, among: dict[str, Any]) -> dict[str, Any]:
        """How many of a list are of one group, of as many of the group as are looked through."""
        index = way.index if way.loosely else f"by_{sought.sort}"
        where = {"$and": [way.where, among]}
        if way.where == way.entered:
            return await self._count(where, index)
        by = KEPT_AS[sought.sort]
        last = await self._last({"$and": [way.entered, among]}, index, by, descending=False)
        if last is None:
            return await self._count(where, index)
        counted = await self._count({"$and": [where, {by: {"$lte": last}}]}, index)
        return counted | {"more": True}

    async def _read(
        self, way: Way, sought: Sought, asked: Asked
    ) -> tuple[list[Ticket], str | None]:
        return await page(
            self._tickets,
            way.where,
            asked,
            by=KEPT_AS[sought.read_by],
            descending=sought.descending,
            by_index=way.index,
            loosely=way.loosely,
            until=way.until,
        )

    async def _way(self, reach: Reach, sought: Sought, cursor: str) -> Way:
        """
        What is rare leads: a word, a day, what somebody may read. Of what is not, many fit, and
        a page of them is soon full in any order.
        """
        shelves, in_order = sought.shelves(reach), f"by_{sought.read_by}"
        merged, else_asked = len(shelves) <= MERGED, sought.beyond_shelves(reach)
        theirs, by_theirs, unchecked = _theirs(reach, sought, shelves)
        if merged and not else_asked:
            return Way(theirs, in_order, theirs)
        all_there = theirs if merged else {"shelves": {"$in": sought.all_shelves(reach)}}
        within = () if merged else (*unchecked,) or (sought.within(reach),)
        every = (all_there, *within, *else_asked)
        of_reach = Lead(
            theirs, by_theirs, (theirs, *unchecked, *else_asked), merged and sought.in_time
        )
        leads = _leading(sought, of_reach, every, merged=merged)
        passed = dict[datetime, Lead]()
        for lead in leads:
            at = await self._passed(lead, sought, cursor) if lead.in_order else None
            if at:
                passed[at] = lead
            elif lead.in_order or await self._few(lead):
                return lead.way(narrow=not (lead.in_order and cursor))
        if passed:
            at = sought.furthest(passed)
            return passed[at].way(narrow=False, until=at)
        if not else_asked:
            # All that is theirs, which is not few: a page of it is soon full.
            return Way({"$and": [*every]}, in_order, all_there, shelves=tuple(shelves))
        at = await self._passed(Lead(all_there, in_order, every), sought, cursor)
        return Way({"$and": [*every]}, in_order, all_there, until=at)

    async def _few(self, lead: Lead) -> bool:
        return await self._counted(lead.where, lead.index, FEW) < FEW

    async def _passed(self, lead: Lead, sought: Sought, cursor: str) -> Any:
        """How far one comes in the order with so many of them; None: fewer are left."""
        by, descending = KEPT_AS[sought.read_by], sought.descending
        bounds = [one for one, sort in sought.ranges if sort == sought.read_by]
        if cursor:
            bounds.append({by: {"$lte" if descending else "$gte": place(cursor, by)}})
        where = {"$and": [lead.where, *bounds]}
        return await self._last(where, lead.index, by, descending=descending)

    async def _last(self, where: dict[str, Any], index: str, by: str, *, descending: bool) -> Any:
        """What the last of so many is sorted by, read from the index alone."""
        read = self._tickets.documents.find(where, {"_id": 0, by: 1}, hint=index)
        found = read.sort(by, -1 if descending else 1).skip(LOOKED_THROUGH - 1).limit(1)
        rows: list[dict[str, Any]] = await found.to_list(None)
        return rows[0][by] if rows else None

    async def _count(self, where: dict[str, Any], index: str) -> dict[str, Any]:
        counted = await self._counted(where, index, COUNTED + 1)
        return {"count": min(counted, COUNTED), "more": counted > COUNTED}

    async def _counted(self, where: dict[str, Any], index: str, most: int) -> int:
        counted = await self._tickets.documents.count_documents(where, limit=most, hint=index)
        return int(counted)


def _theirs(
    reach: Reach, sought: Sought, shelves: list[str], *, most: int = MERGED
) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
    """What finds all that somebody may read, by which index, and what must then be checked."""
    if len(shelves) <= most or sought.tab == "to_treat":
        return {"shelves": {"$in": shelves}}, "by_created_at", []
    return sought.owners(reach), "owners", [sought.within(reach)]


def _leading(
    sought: Sought, of_reach: Lead, every: tuple[dict[str, Any], ...], *, merged: bool
) -> list[Lead]:
    """What may be rare of all that is asked, and the index that finds it."""
    found = [Lead(sought.numbered, "number", every)] if sought.number else []
    found += [of_reach] if merged else []
    found += [Lead(OVERDUE, "overdue", every)] if sought.overdue else []
    for one in sought.words:
        # Its index is entered by a word and nothing else says so.
        entered = {"stems": one}
        found.append(Lead(entered, "stems_in_time", (entered, *every), sought.in_time))
    found += [
        Lead({"$and": [every[0], one]}, f"by_{sort}", every)
        for one, sort in sought.ranges
        if sort != sought.read_by
    ]
    # To look for thousands of structures is the most work.
    return found if merged else [*found, of_reach]


def _group(ticket: Ticket, sort: Sort) -> str:
    match sort:
        case "created_at":
            return day_of(ticket.created_at).isoformat()
        case "title":
            return titled(ticket)
        case "number" | "state":
            return str(getattr(ticket, sort))
        case _:
            return str(getattr(ticket.content, sort))


def _like(ticket: Ticket, sort: Sort) -> dict[str, Any]:
    """What a ticket shares with those of its group, by the field they are sorted by."""
    match sort:
        case "created_at":
            day = day_of(ticket.created_at)
            return {"created_at": {"$gte": beginning_of(day), "$lt": beginning_of(day + ONE_DAY)}}
        case "state":
            return beginning("by_state", str(rank(ticket.state)))
        case "category" | "subcategory":
            return beginning(KEPT_AS[sort], _group(ticket, sort))
        case _:
            return {KEPT_AS[sort]: _group(ticket, sort)}
