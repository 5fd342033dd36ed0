"""The activity of a ticket as it is shown."""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from kit.pages import Asked, Page, page
from services.support.domain.activity import Entry, Kind, names_shown, note_writers
from services.support.domain.known import Somebody
from services.support.domain.reach import Side, Standing
from services.support.domain.tickets import Ticket
from services.support.records import Records

UNNAMED: Final = "support"


class EntryView(BaseModel):
    """One act. The text is plain: whoever shows it escapes it."""

    id: str
    kind: Kind
    at: datetime
    side: Side
    signed: str
    """Who did it by name, or "support"; empty if they have been erased."""
    text: str
    internal: bool
    was: str
    became: str


async def listed(
    records: Records, ticket: Ticket, found: Standing, asked: Asked
) -> Page[EntryView]:
    """What somebody may read of it, newest first."""
    where = readable(ticket, found)
    entries, following = await page(records.entries, where, asked, by="place")
    people = await records.people.many(sorted({one.by for one in entries}))
    return Page(items=[shown(one, found, people.get(one.by)) for one in entries], next=following)


def readable(ticket: Ticket, found: Standing) -> dict[str, Any]:
    notes = {"internal": True, "structure_id": {"$in": list(note_writers(ticket, found))}}
    return {"ticket_id": ticket.id, "$or": [{"internal": False}, notes]}


def shown(entry: Entry, found: Standing, by: Somebody | None) -> EntryView:
    named = names_shown(entry.side, found)
    return EntryView(
        id=entry.id,
        kind=entry.kind,
        at=entry.at,
        side=entry.side,
        signed=(by.name if by else "") if named else UNNAMED,
        text=entry.text,
        internal=entry.internal,
        was=entry.was,
        became=entry.became,
    )
