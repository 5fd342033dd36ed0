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
from kit.pages import Asked, page
from services.support.domain.listing import HOLDS, Tab, rank, titled
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket
from services.support.sought import KEPT_AS, ONE_DAY, OVERDUE, Sort, Sought, beginning

FEW: Final = 5_000
"""So many tickets are read and sorted for one page; of more, an order is read instead."""
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
    """How many; ``more``: they were counted no further."""

    count: int
    more: bool


class Group(Count):
    """Tickets that are alike in what the list is sorted by, on whatever page."""

    value: str


@dataclass(frozen=True, slots=True)
class Way:
    """
    What is read, by which index.

    ``narrow``: so few that they are sorted when read. ``loosely``: as ``kit.pages.page`` has it.
    ``shelves``: too many to be merged, and all that is asked.
    """

    where: dict[str, Any]
    index: str
    narrow: bool = False
    loosely: bool = False
    shelves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """What may be rare of all that is asked; ``in_order``: its index has the answer's order."""

    where: dict[str, Any]
    index: str
    in_order: bool = False

    @property
    def entering(self) -> list[dict[str, Any]]:
        """What its index is entered by and nothing else says: a word."""
        return [self.where] if self.index == "stems_in_time" else []


class Listing:
    """Finds tickets among those that somebody may read."""

    def __init__(self, tickets: Collection[Ticket]) -> None:
        self._tickets = tickets

    async def page(
        self, reach: Reach, sought: Sought, asked: Asked
    ) -> tuple[list[Ticket], str | None, Way]:
        way = await self._way(reach, sought)
        found, following = await self._read(way, sought, asked)
        return found, following, way

    async def all(self, reach: Reach, sought: Sought) -> AsyncIterator[list[Ticket]]:
        """All of them in the same order, a few hundred at a time."""
        way, cursor = await self._way(reach, sought), ""
        following: str | None = cursor
        while following is not None:
            found, following = await self._read(way, sought, Asked(following, READ_AT_ONCE))
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
        ranges = {_group(one, sought.sort): _alike(one, sought.sort) for one in found}
        if not way.narrow:
            index = way.index if way.loosely else f"by_{sought.sort}"
            by_shelf = 0 < len(way.shelves) <= LOOKED_AT and sought.sort in _LARGE
            where = {"shelves": {"$in": way.shelves}} if by_shelf else way.where
            return [
                Group(value=value, **await self._count(where, index, among))
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
        )

    async def _way(self, reach: Reach, sought: Sought) -> Way:
        """
        What is rare leads: a word, a day, what somebody may read. Of what is not, many fit, and
        a page of them is soon full in any order.
        """
        shelves, in_order = sought.shelves(reach), f"by_{sought.read_by}"
        else_asked, merged = sought.beyond_shelves(reach), len(shelves) <= MERGED
        theirs, by_theirs, unchecked = _theirs(reach, sought, shelves)
        if merged and not else_asked:
            return Way(theirs, in_order)
        every = [theirs]
        if not merged:
            all_there = {"shelves": {"$in": sought.all_shelves(reach)}}
            every = [all_there, *(unchecked or [sought.within(reach)])]
        passed = dict[datetime, Lead]()
        of_reach = Lead(theirs, by_theirs, in_order=merged and sought.in_time)
        for lead in _leading(sought, of_reach, every[0], merged=merged):
            at = await self._passed(lead, sought) if lead.in_order else None
            if at:
                passed[at] = lead
            elif lead.in_order or await self._few(lead):
                through = [theirs, *unchecked] if lead is of_reach else [*lead.entering, *every]
                return Way({"$and": [*through, *else_asked]}, lead.index, narrow=True)
        if passed and (rarest := passed[sought.furthest(passed)]) is not of_reach:
            through = [*rarest.entering, *every]
            return Way({"$and": [*through, *else_asked]}, rarest.index, loosely=True)
        alone = () if merged or else_asked else tuple(shelves)
        return Way({"$and": [*every, *else_asked]}, in_order, shelves=alone)

    async def _few(self, lead: Lead) -> bool:
        counted = await self._tickets.documents.count_documents(
            lead.where, limit=FEW, hint=lead.index
        )
        return bool(counted < FEW)

    async def _passed(self, lead: Lead, sought: Sought) -> datetime | None:
        """How far one comes in the order with so many of them; None: there are fewer."""
        read = self._tickets.documents.find(
            lead.where, {"_id": 0, "created_at": 1}, hint=lead.index
        )
        found = read.sort("created_at", -1 if sought.descending else 1).skip(FEW - 1).limit(1)
        rows: list[dict[str, datetime]] = await found.to_list(None)
        return rows[0]["created_at"] if rows else None

    async def _count(
        self, where: dict[str, Any], index: str, among: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        where = {"$and": [where, among]} if among else where
        limit = COUNTED + 1
        counted = await self._tickets.documents.count_documents(where, limit=limit, hint=index)
        return {"count": min(counted, COUNTED), "more": counted > COUNTED}


def _theirs(
    reach: Reach, sought: Sought, shelves: list[str], *, most: int = MERGED
) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
    """What finds all that somebody may read, by which index, and what must then be checked."""
    if len(shelves) <= most or sought.tab == "to_treat":
        return {"shelves": {"$in": shelves}}, "by_created_at", []
    return sought.owners(reach), "owners", [sought.within(reach)]


def _leading(sought: Sought, of_reach: Lead, every: dict[str, Any], *, merged: bool) -> list[Lead]:
    """What may be rare of all that is asked, and the index that finds it."""
    found = [Lead(sought.numbered, "number")] if sought.number else []
    found += [of_reach] if merged else []
    found += [Lead(OVERDUE, "overdue")] if sought.overdue else []
    found += [
        Lead({"stems": one}, "stems_in_time", in_order=sought.in_time) for one in sought.words
    ]
    found += [
        Lead({"$and": [every, one]}, f"by_{sort}")
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


def _alike(ticket: Ticket, sort: Sort) -> dict[str, Any]:
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
