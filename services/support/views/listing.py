"""Lists of tickets: each is read in its order by an index, or through what is few."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
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
READ_AT_ONCE: Final = 500

INDEXES: Final = (
    *(
        IndexModel([("shelves", 1), (field, 1), ("_id", 1)], name=f"by_{sort}")
        for sort, field in KEPT_AS.items()
    ),
    IndexModel([("parties", 1), ("state", 1)], name="parties"),
    IndexModel("stems", name="stems"),
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


class Count(BaseModel):
    """How many; ``more``: they were counted no further."""

    count: int
    more: bool


class Group(Count):
    """Tickets that are alike in what the list is sorted by, on whatever page."""

    value: str


@dataclass(frozen=True, slots=True)
class Way:
    """What is read, by which index; ``narrow``: so few that they are sorted when read."""

    where: dict[str, Any]
    index: str
    narrow: bool = False


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
        return {tab: await self._held(reach, Sought(tab=tab)) for tab in HOLDS}

    async def groups(self, way: Way, sought: Sought, found: list[Ticket]) -> list[Group]:
        """Those that the tickets of a page are of, in its order, each counted in the whole list."""
        ranges = {_group(one, sought.sort): _alike(one, sought.sort) for one in found}
        if not way.narrow:
            return [
                Group(value=value, **await self._count(way.where, way.index, among))
                for value, among in ranges.items()
            ]
        where = {"$and": [way.where, {"$or": [*ranges.values()]}]} if ranges else way.where
        grouped = {"$group": {"_id": _GROUPS[sought.sort], "count": {"$sum": 1}}}
        rows = await self._tickets.computed({"$match": where}, grouped, by_index=way.index)
        counted = {row["_id"]: row["count"] for row in rows}
        return [Group(value=one, count=counted.get(one, 0), more=False) for one in ranges]

    async def _held(self, reach: Reach, sought: Sought) -> Count:
        theirs, index = _theirs(reach, sought, sought.shelves(reach))
        where = {"$and": [*theirs, *sought.beyond_shelves(reach)]}
        return Count(**await self._count(where, index))

    async def _read(
        self, way: Way, sought: Sought, asked: Asked
    ) -> tuple[list[Ticket], str | None]:
        return await page(
            self._tickets,
            way.where,
            asked,
            by=KEPT_AS[sought.sort],
            descending=sought.direction == "descending",
            by_index=way.index,
        )

    async def _way(self, reach: Reach, sought: Sought) -> Way:
        """
        What is rare leads: a word, a day, what somebody may read. Of what is not, many fit, and
        a page of them is soon full in any order.
        """
        shelves, in_order = sought.shelves(reach), f"by_{sought.sort}"
        else_asked, merged = sought.beyond_shelves(reach), len(shelves) <= MERGED
        theirs, by_theirs = _theirs(reach, sought, shelves)
        if merged and not else_asked:
            return Way(theirs[0], in_order)
        every = theirs
        if not merged:
            every = [{"shelves": {"$in": sought.all_shelves(reach)}}, sought.within(reach)]
        for leading, index in _leading(sought, (theirs[0], by_theirs), merged=merged):
            if await self._few(leading, index):
                through = theirs if leading is theirs[0] else every
                return Way({"$and": [*through, *else_asked]}, index, narrow=True)
        return Way({"$and": [*every, *else_asked]}, in_order)

    async def _few(self, leading: dict[str, Any], index: str) -> bool:
        counted = await self._tickets.documents.count_documents(leading, limit=FEW, hint=index)
        return bool(counted < FEW)

    async def _count(
        self, where: dict[str, Any], index: str, among: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        where = {"$and": [where, among]} if among else where
        limit = COUNTED + 1
        counted = await self._tickets.documents.count_documents(where, limit=limit, hint=index)
        return {"count": min(counted, COUNTED), "more": counted > COUNTED}


def _theirs(reach: Reach, sought: Sought, shelves: list[str]) -> tuple[list[dict[str, Any]], str]:
    """What somebody may read of these states, and the index that finds it with the least looks."""
    if len(shelves) <= MERGED or sought.tab == "to_treat":
        return [{"shelves": {"$in": shelves}}], "by_created_at"
    return [sought.parties(reach), sought.within(reach)], "parties"


def _leading(
    sought: Sought, theirs: tuple[dict[str, Any], str], *, merged: bool
) -> list[tuple[dict[str, Any], str]]:
    """What may be rare of all that is asked, and the index that finds it."""
    found = [(sought.numbered, "number")] if sought.number else []
    found += [theirs] if merged else []
    found += [(OVERDUE, "overdue")] if sought.overdue else []
    found += [({"stems": one}, "stems") for one in sought.words]
    if merged:
        return found + [({"$and": [theirs[0], one]}, f"by_{sort}") for one, sort in sought.ranges]
    # To look for thousands of structures is the most work.
    return [*found, theirs]


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
