"""
Lists for spreadsheets, in which no cell is a formula: as CSV (RFC 4180, UTF-8 and marked so), or
as a workbook (OOXML).
"""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from fastapi.responses import StreamingResponse

MARK: Final = "\ufeff"
"""Spreadsheets read UTF-8 only when a file begins with it."""

_SIGNS: Final = "=+-@\t\r\n"
_FORMULA: Final = re.compile(f"'*[{re.escape(_SIGNS)}]")

CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A CSV file"}
}
_OOXML: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {_OOXML: {"schema": {"type": "string", "format": "binary"}}},
        "description": "A workbook",
    }
}
SHEET_MOST: Final = 1_048_576
"""Rows that one sheet of a workbook may have."""
_CELL_MOST: Final = 32_767
_PIECE: Final = 64 * 1024

Row = Sequence[str | None]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would calculate it."""
    return cell.startswith(tuple(_SIGNS))


def inert(text: str) -> str:
    """What a spreadsheet would calculate, behind an apostrophe; any other text as it is."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """The text that ``inert`` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def lines(rows: Iterable[Row], *, delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([inert(c or "") for c in row] for row in rows)
    return text.getvalue()


def download(
    name: str, columns: Row, batches: AsyncIterator[Iterable[Row]], *, delimiter: str = ","
) -> StreamingResponse:
    """A file of any length, of which this process never holds more than a batch."""

    async def written() -> AsyncIterator[bytes]:
        yield (MARK + lines([columns], delimiter=delimiter)).encode()
        async for batch in batches:
            yield lines(batch, delimiter=delimiter).encode()

    return StreamingResponse(
        written(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def workbook(name: str, columns: Row, batches: AsyncIterator[Iterable[Row]]) -> StreamingResponse:
    """
    The same as a workbook, all cells texts; what one sheet cannot hold goes on in the next.

    Such a file is a zip whose directory comes last: rows wait on the disk, not in memory, and it
    begins to leave when all are there.
    """

    async def written() -> AsyncIterator[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, name)
            sheets = _Sheets(made, columns)
            async for batch in batches:
                sheets.add(batch)
            # Compressing a large one takes seconds.
            await asyncio.to_thread(sheets.close)
            with made.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece

    return StreamingResponse(
        written(),
        media_type=_OOXML,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


class _Sheets:
    """Rows on as many sheets as they need, each row written out before the next."""

    def __init__(self, path: Path, columns: Row) -> None:
        self._book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": path.parent})
        self._columns = columns
        self._begin()

    def _begin(self) -> None:
        self._sheet, self._filled = self._book.add_worksheet(), 0
        self._write(self._columns)

    def add(self, batch: Iterable[Row]) -> None:
        for row in batch:
            if self._filled == SHEET_MOST:
                self._begin()
            self._write(row)

    def _write(self, row: Row) -> None:
        for column, cell in enumerate(row):
            if cell:
                # A text, whatever it begins with; anything else would be guessed at.
                self._sheet.write_string(self._filled, column, cell[:_CELL_MOST])
        self._filled += 1

    def close(self) -> None:
        self._book.close()
