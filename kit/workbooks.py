"""
Lists as workbooks (OOXML) of any length, which leave while they are made; all cells are texts.

The libraries there are write the whole file first: of a million rows nothing would leave for
longer than anybody waits for a piece (decision 0045).
"""

import re
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Final
from xml.sax.saxutils import escape

from fastapi.responses import StreamingResponse

from kit.downloads import Passing
from kit.spreadsheets import Row

SHEET_MOST: Final = 1_048_576
"""Rows that one sheet may have."""
_BYTES_MOST: Final = 2**30
"""Of one sheet: beyond four times as many a zip needs what not every spreadsheet reads."""
_CELL_MOST: Final = 32_767
_BY: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
XLSX: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {f"{_BY}.sheet": {"schema": {"type": "string", "format": "binary"}}},
        "description": "A workbook",
    }
}

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS: Final = "http://schemas.openxmlformats.org"
_MAIN: Final = f"{_FORMATS}/spreadsheetml/2006/main"
_TIES: Final = f"{_FORMATS}/officeDocument/2006/relationships"
_LEADS: Final = f"{_FORMATS}/package/2006/relationships"
_NOT_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def workbook(name: str, columns: Row, batches: AsyncIterator[Iterable[Row]]) -> StreamingResponse:
    """A file of any length; what one sheet cannot hold goes on in the next."""
    return StreamingResponse(
        _written(columns, batches),
        media_type=f"{_BY}.sheet",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def _written(columns: Row, batches: AsyncIterator[Iterable[Row]]) -> AsyncIterator[bytes]:
    out, sheets = Passing(), 0
    rows = _Rows(batches)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        while sheets == 0 or rows.left:
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                sheet.write(_row(columns))
                async for piece in rows.of_a_sheet():
                    sheet.write(piece)
                    yield out.taken()
                sheet.write(b"</sheetData></worksheet>")
        for path, text in _around(sheets):
            book.writestr(path, _HEAD + text)
    yield out.taken()


class _Rows:
    """Batches, cut where a sheet is full."""

    def __init__(self, batches: AsyncIterator[Iterable[Row]]) -> None:
        self._batches, self._waiting = batches, list[Row]()
        self.left = True

    async def of_a_sheet(self) -> AsyncIterator[bytes]:
        rows, size = 1, 0
        while await self._more():
            if rows >= SHEET_MOST or size >= _BYTES_MOST:
                return
            fitting = SHEET_MOST - rows
            piece, self._waiting = self._waiting[:fitting], self._waiting[fitting:]
            written = b"".join(map(_row, piece))
            rows, size = rows + len(piece), size + len(written)
            yield written
        self.left = False

    async def _more(self) -> bool:
        while not self._waiting:
            batch = await anext(self._batches, None)
            if batch is None:
                return False
            self._waiting = [*batch]
        return True


def _row(row: Row) -> bytes:
    return f"<row>{''.join(map(_cell, row))}</row>".encode()


def _cell(text: str | None) -> str:
    """A text, whatever it begins with: nothing is calculated, and no link is made of it."""
    if not text:
        return "<c/>"
    said = escape(_NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text[:_CELL_MOST]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{said}</t></is></c>'


def _around(sheets: int) -> Iterator[tuple[str, str]]:
    """What a workbook is, beside its sheets."""
    each = range(1, sheets + 1)
    named = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="rId{n}"/>' for n in each)
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_TIES}"><sheets>{named}</sheets></workbook>',
    )
    leading = "".join(_lead(n, "worksheet", f"worksheets/sheet{n}.xml") for n in each)
    yield "xl/_rels/workbook.xml.rels", _leads(leading)
    yield "_rels/.rels", _leads(_lead(1, "officeDocument", "xl/workbook.xml"))
    parts = "".join(_part(f"/xl/worksheets/sheet{n}.xml", f"{_BY}.worksheet+xml") for n in each)
    book = _part("/xl/workbook.xml", f"{_BY}.sheet.main+xml")
    rels = "application/vnd.openxmlformats-package.relationships+xml"
    kinds = f'<Default Extension="rels" ContentType="{rels}"/>{book}{parts}'
    types = f'<Types xmlns="{_FORMATS}/package/2006/content-types">{kinds}</Types>'
    yield "[Content_Types].xml", types


def _lead(n: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{n}" Type="{_TIES}/{kind}" Target="{target}"/>'


def _leads(each: str) -> str:
    return f'<Relationships xmlns="{_LEADS}">{each}</Relationships>'


def _part(name: str, kind: str) -> str:
    return f'<Override PartName="{name}" ContentType="{kind}"/>'
