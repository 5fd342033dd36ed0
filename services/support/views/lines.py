"""Tickets as a list shows them, a line each, on a page or in a file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from kit.collection import Collection
from kit.days import PARIS
from kit.pages import Asked, Page
from kit.spreadsheets import Row
from services.support.domain.activity import names_shown
from services.support.domain.catalogue import Catalogue
from services.support.domain.known import Structure
from services.support.domain.reach import Reach, standing
from services.support.domain.states import State
from services.support.domain.tickets import Ticket
from services.support.sought import Sought
from services.support.views.listing import Group, Listing

COLUMNS: Final = (
    "Numéro",
    "Description brève",
    "Catégorie",
    "Sous-catégorie",
    "Statut",
    "Créé",
    "Structure émettrice",
    "Structure destinataire",
)
STATES: Final[dict[State, str]] = {
    "draft": "Brouillon",
    "open": "Ouvert",
    "waiting": "En attente d'informations",
    "resolved": "Résolu",
    "closed": "Fermé",
}


class TicketLine(BaseModel):
    """A ticket without its description."""

    id: str
    number: str
    state: State
    title: str
    category: str
    category_label: str
    subcategory: str
    subcategory_label: str
    structure_id: str | None
    structure_name: str
    recipient_structure_id: str | None
    recipient_structure_name: str
    assignee_id: str | None
    overdue: bool
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


class TicketLines(Page[TicketLine]):
    groups: tuple[Group, ...] = ()
    """Where groups are asked for: those of the tickets of this page, counted in the whole list."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Reads lists of tickets as whoever asks may see them."""

    listing: Listing
    structures: Collection[Structure]
    catalogue: Catalogue

    async def page(
        self, reach: Reach, sought: Sought, asked: Asked, *, grouped: bool
    ) -> TicketLines:
        found, following, way = await self.listing.page(reach, sought, asked)
        groups = await self.listing.groups(way, sought, found) if grouped else ()
        return TicketLines(
            items=await self._lines(found, reach), next=following, groups=tuple(groups)
        )

    async def rows(self, reach: Reach, sought: Sought) -> AsyncIterator[list[Row]]:
        """All of them, a few hundred at a time."""
        async for found in self.listing.all(reach, sought):
            yield [_row(one) for one in await self._lines(found, reach)]

    async def _lines(self, found: list[Ticket], reach: Reach) -> list[TicketLine]:
        named = {one.content.structure_id for one in found}
        named |= {one.content.recipient_structure_id for one in found}
        known = await self.structures.many(sorted(filter(None, named)))
        names = {id: one.name for id, one in known.items()}
        return [self._line(one, names, reach) for one in found]

    def _line(self, ticket: Ticket, names: dict[str, str], reach: Reach) -> TicketLine:
        said, stands = ticket.content, standing(ticket, reach)
        category, subcategory = self.catalogue.labels(said.category, said.subcategory)
        return TicketLine(
            id=ticket.id,
            number=ticket.number,
            state=ticket.state,
            title=said.title,
            category=said.category,
            category_label=category,
            subcategory=said.subcategory,
            subcategory_label=subcategory,
            structure_id=said.structure_id,
            structure_name=names.get(said.structure_id or "", ""),
            recipient_structure_id=said.recipient_structure_id,
            recipient_structure_name=names.get(said.recipient_structure_id or "", ""),
            assignee_id=ticket.assignee_id if names_shown(ticket.treated_by, stands) else None,
            overdue=ticket.overdue,
            created_at=ticket.created_at,
            opened_at=ticket.opened_at,
            closed_at=ticket.closed_at,
        )


def _row(one: TicketLine) -> Row:
    return (
        one.number,
        one.title,
        one.category_label,
        one.subcategory_label,
        STATES[one.state],
        one.created_at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M"),
        one.structure_name,
        one.recipient_structure_name,
    )
