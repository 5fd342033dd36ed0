"""Rattachements from a file: brought, worked through, and what became of each line."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kit.frame import NotUtf8
from kit.http import Person, may_answer, new_entity_id
from kit.ids import OpaqueId
from kit.pages import Asked, Page, PageAsked, page
from kit.problems import NotFound
from kit.spreadsheets import CSV, Row, download
from services.users.domain.imports import Import, ImportLine
from services.users.importing import (
    COLUMNS,
    Importing,
    NotCsv,
    TooManyLines,
    UnknownHeader,
    text_of,
)

READ_AT_ONCE = 500
_BODY: dict[str, Any] = {
    "required": True,
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "description": f"A header with the columns {', '.join(COLUMNS)}, then a line for each unit.",
}


class ImportShown(BaseModel):
    """A file, and what became of it so far."""

    id: str
    dry_run: bool
    lines: int
    accepted: int
    refused: int
    brought_at: datetime
    ended_at: datetime | None


class LineShown(BaseModel):
    """One line. Accepted says nothing of whether the address has an account."""

    number: int
    email: str
    structure_identifier: str
    unit: str
    valid_from: str
    valid_until: str
    outcome: Literal["accepted", "refused"] | None
    refusal: str
    """The type of the problem, as the same thing done by hand would be answered."""
    reason: str


def import_routes(importing: Importing) -> APIRouter:
    routes = APIRouter(prefix="/v1/rattachement-imports", tags=["rattachements"])

    async def own(id: str, caller: Person) -> Import:
        found = await importing.imports.get(id)
        if found.by != caller.user_id:
            raise NotFound(id)
        return found

    @routes.post(
        "",
        status_code=202,
        openapi_extra={"requestBody": _BODY},
        responses=may_answer(UnknownHeader, TooManyLines, NotCsv, NotUtf8),
    )
    async def bring(
        caller: Person,
        request: Request,
        dry_run: Annotated[bool, Query(description="Only tell what would be refused.")] = False,
    ) -> ImportShown:
        """Attach those named in a CSV file, as if each line were asked by hand."""
        text = text_of(await request.body())
        kept = await importing.bring(new_entity_id(), text, by=caller.user_id, dry_run=dry_run)
        return await _shown(importing, kept)

    @routes.get("/{id}", responses=may_answer(NotFound))
    async def show(id: OpaqueId, caller: Person) -> ImportShown:
        """How far one of your files is."""
        return await _shown(importing, await own(id, caller))

    @routes.get("/{id}/lines", responses=may_answer(NotFound))
    async def lines(id: OpaqueId, caller: Person, asked: PageAsked) -> Page[LineShown]:
        """Each line of one of your files, and what became of it."""
        await own(id, caller)
        return await _lines(importing, id, asked)

    @routes.get(
        "/{id}/report.csv", response_class=StreamingResponse, responses=may_answer(NotFound) | CSV
    )
    async def report(id: OpaqueId, caller: Person) -> StreamingResponse:
        """The same as a CSV file."""
        await own(id, caller)
        return download("report.csv", tuple(LineShown.model_fields), _rows(importing, id))

    return routes


async def _shown(importing: Importing, of: Import) -> ImportShown:
    count = importing.lines.documents.count_documents
    accepted, refused = [
        await count({"import_id": of.id, "outcome": outcome}) for outcome in ("accepted", "refused")
    ]
    return ImportShown(
        id=of.id,
        dry_run=of.dry_run,
        lines=of.lines,
        accepted=accepted,
        refused=refused,
        brought_at=of.brought_at,
        ended_at=of.ended_at,
    )


async def _lines(importing: Importing, id: str, asked: Asked) -> Page[LineShown]:
    where = {"import_id": id}
    found, following = await page(importing.lines, where, asked, by="number", descending=False)
    return Page(items=[_line(one) for one in found], next=following)


def _line(one: ImportLine) -> LineShown:
    return LineShown(**{name: getattr(one, name) for name in LineShown.model_fields})


async def _rows(importing: Importing, id: str) -> AsyncIterator[list[Row]]:
    cursor: str | None = ""
    while cursor is not None:
        some = await _lines(importing, id, Asked(cursor, READ_AT_ONCE))
        yield [tuple(str(value or "") for value in dict(one).values()) for one in some.items]
        cursor = some.next
