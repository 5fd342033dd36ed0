"""Where the tickets of several words are, by what their index says of them alone."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from kit.collection import Collection
from services.support.domain.tickets import Ticket

INDEX: Final = "stems_in_time"
FIRST: Final = 1_000
"""Entries of the first word that are looked through for the first page; then twice as many."""
MOST: Final = 16_000
MORE_FREQUENT: Final = 4
"""Words that often more frequent than the first are left to the tickets: most of them have it."""


async def shared(
    tickets: Collection[Ticket], words: list[str], start: datetime | None, *, descending: bool
) -> AsyncIterator[list[datetime]]:
    """
    The moments at which tickets with all these words were written, span by span in their order.

    Some have a ticket for each word and none with both: who reads the tickets sees. The first
    word is the rarest; no ticket is read for it that lacks another.
    """
    first, *others = words
    behind, beyond, until = ("$lte", "$lt", "$gte") if descending else ("$gte", "$gt", "$lte")
    bound: dict[str, Any] = {behind: start} if start else {}
    size = FIRST
    while moments := await _moments(tickets, first, bound, size, descending=descending):
        span, common = bound | {until: moments[-1]}, {*moments}
        for word in others:
            most = MORE_FREQUENT * size
            found = await _moments(tickets, word, span, most, descending=descending)
            if len(found) < most:
                common &= {*found}
        if common:
            yield sorted(common)
        if len(moments) < size:
            return
        bound, size = {beyond: moments[-1]}, min(2 * size, MOST)


async def _moments(
    tickets: Collection[Ticket], word: str, span: dict[str, Any], most: int, *, descending: bool
) -> list[datetime]:
    where = {"stems": word} | ({"created_at": span} if span else {})
    read = tickets.documents.find(
        where, {"_id": 0, "created_at": 1}, hint=INDEX, batch_size=most + 1
    )
    rows = await read.sort("created_at", -1 if descending else 1).limit(most).to_list(None)
    return [row["created_at"] for row in rows]
