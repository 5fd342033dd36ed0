"""The files of tickets that left for the desk, as they are shown."""

from datetime import date, datetime

from pydantic import BaseModel

from kit.collection import Collection
from kit.pages import Asked, Page, page
from services.support.domain.exports import Export, Format, concerning
from services.support.domain.known import Somebody
from services.support.domain.listing import Tab, View
from services.support.domain.reach import Reach
from services.support.domain.states import State
from services.support.views.activity import UNNAMED


class AskedView(BaseModel):
    """What the tickets had to have, without the words that were looked for."""

    tab: Tab | None
    view: View | None
    state: State | None
    category: str | None
    subcategory: str | None
    structure_id: str | None
    overdue: bool
    created_from: date | None
    created_until: date | None
    number: str | None
    """The desk alone reads it."""
    words: int
    """How many were looked for."""


class ExportView(BaseModel):
    id: str
    at: datetime
    signed: str
    """Who took it by name, or "support"; empty if they have been erased."""
    format: Format
    asked: AskedView
    tickets: int | None
    """How many it held; null while it leaves, and where nobody saw its end."""


async def listed(
    exports: Collection[Export], people: Collection[Somebody], reach: Reach, asked: Asked
) -> Page[ExportView]:
    """Those that may hold tickets somebody knows of, newest first."""
    where = {} if reach.desk else {"asked.structure_id": {"$in": [*concerning(reach)]}}
    found, following = await page(exports, where, asked)
    named = await people.many(sorted({one.by for one in found})) if reach.desk else {}
    items = [shown(one, reach, named.get(one.by)) for one in found]
    return Page(items=items, next=following)


def shown(export: Export, reach: Reach, by: Somebody | None) -> ExportView:
    asked = AskedView.model_validate(export.asked, from_attributes=True)
    return ExportView(
        id=export.id,
        at=export.at,
        signed=(by.name if by else "") if reach.desk else UNNAMED,
        format=export.format,
        asked=asked if reach.desk else asked.model_copy(update={"number": None}),
        tickets=export.tickets,
    )
