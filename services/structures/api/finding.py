"""Finding structures: page by page, as a file, and the directory of public ones."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from kit.collection import Collection
from kit.http import ScopeMissing, may_answer
from kit.pages import Page, PageAsked, page
from kit.spreadsheets import CSV, Row, download
from services.structures import directory
from services.structures.api.structures import StructureReader
from services.structures.domain import structures as domain
from services.structures.domain.structures import Card, Structure
from services.structures.search import SearchTooLong, SearchTooWide
from services.structures.sought import NothingAskedFor, Sought
from services.structures.views import IN_DIRECTORY, Search, Visibility

COLUMNS = (
    "id",
    "identifier_type",
    "identifier",
    "kind",
    "legal_name",
    "label",
    "status",
    "postcode",
    "city",
)

Filters = Annotated[Sought, Depends()]
MAY_REFUSE = may_answer(NothingAskedFor, SearchTooWide, SearchTooLong, ScopeMissing)


def finding(structures: Collection[Structure], visibility: Visibility) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["structures"])
    searching = Search(structures)

    @routes.get("/structures", responses=MAY_REFUSE)
    async def search(caller: StructureReader, asked: PageAsked, filters: Filters) -> Page[Card]:
        """
        Find structures by at least one thing that they have.

        All public bodies are found, and of the others those you are attached to; with
        `restrict_private=false` all others too, but for persons and what INSEE withholds.
        """
        fitting, way = await searching.filter(filters)
        where = {"$and": [fitting, await visibility.where(caller, filters)]}
        found, following = await page(
            structures,
            where,
            asked,
            by="order" if way else "_id",
            descending=False,
            by_index=way,
            loosely=way is not None,
        )
        return Page[Card](items=[domain.card(one) for one in found], next=following)

    @routes.get("/structures.csv", response_class=StreamingResponse, responses=MAY_REFUSE | CSV)
    async def export(caller: StructureReader, filters: Filters) -> StreamingResponse:
        """All that the same search finds, as a CSV file in which no cell is a formula."""
        fitting, way = await searching.filter(filters)
        where = {"$and": [fitting, await visibility.where(caller, filters)]}
        return download(
            "structures.csv", COLUMNS, _cards(structures.in_batches(where, by_index=way))
        )

    @routes.get(
        "/structures/directory.csv",
        response_class=StreamingResponse,
        responses=may_answer(ScopeMissing) | CSV,
    )
    async def public_directory(caller: StructureReader) -> StreamingResponse:
        """The directory of active public structures, in its 21 columns, as of now."""
        return download(
            "annuaire.csv",
            directory.COLUMNS,
            _lines(structures.in_batches(IN_DIRECTORY)),
            delimiter=directory.DELIMITER,
        )

    return routes


async def _cards(batches: AsyncIterator[list[Structure]]) -> AsyncIterator[list[Row]]:
    async for batch in batches:
        yield [_row(domain.card(one)) for one in batch]


async def _lines(batches: AsyncIterator[list[Structure]]) -> AsyncIterator[list[Row]]:
    async for batch in batches:
        yield [directory.row(one) for one in batch]


def _row(card: Card) -> Row:
    return (
        card.id,
        card.identifier.type,
        card.identifier.value,
        card.kind,
        card.legal_name,
        card.label,
        card.status,
        card.postcode,
        card.city,
    )
