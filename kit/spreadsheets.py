"""Lists as CSV (RFC 4180) for spreadsheets: UTF-8 and marked so, and no cell is a formula."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

from fastapi.responses import StreamingResponse

MARK: Final = "\ufeff"
"""Spreadsheets read UTF-8 only when a file begins with it."""

_SIGNS: Final = "=+-@\t\r\n"
_FORMULA: Final = re.compile(f"'*[{re.escape(_SIGNS)}]")

CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A CSV file"}
}

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
