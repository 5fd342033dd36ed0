"""What support shows of its tickets. Read side only."""

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel

from kit.collection import Collection
from kit.pages import Asked, Page, page
from services.support.domain import Catalogue, State, Ticket


class SubcategoryView(BaseModel):
    code: str
    label: str
    active: bool
    recipient_needed: bool


class CategoryView(BaseModel):
    code: str
    label: str
    active: bool
    subcategories: list[SubcategoryView]


class CategoriesView(BaseModel):
    items: list[CategoryView]


class TicketView(BaseModel):
    """A ticket as its emitter reads it. The description is text: whoever shows it escapes it."""

    id: str
    number: str
    state: State
    category: str
    subcategory: str
    title: str
    description: str
    structure_id: str | None
    recipient_structure_id: str | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


def shown(ticket: Ticket) -> TicketView:
    return TicketView(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        created_at=ticket.created_at,
        opened_at=ticket.opened_at,
        closed_at=ticket.closed_at,
        **asdict(ticket.content),
    )


def categories(catalogue: Catalogue) -> CategoriesView:
    """Inactive ones too: tickets of the past are still filed under them."""
    return CategoriesView(
        items=[
            CategoryView(
                code=category.code,
                label=category.label,
                active=category.active,
                subcategories=[
                    SubcategoryView(**asdict(one), recipient_needed=one.needs_recipient)
                    for one in category.subcategories
                ],
            )
            for category in catalogue.categories
        ]
    )


async def written_by(
    tickets: Collection[Ticket], emitter_id: str, state: State | None, asked: Asked
) -> Page[TicketView]:
    """The emitter's tickets, newest first."""
    where = {"emitter_id": emitter_id} | ({"state": state} if state else {})
    found, following = await page(tickets, where, asked, by="created_at", descending=True)
    return Page(items=[shown(ticket) for ticket in found], next=following)
