"""Lists as CSV (RFC 4180) for spreadsheets: UTF-8 and marked so, and no cell is a formula."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from fastapi.responses import StreamingResponse

MARK: Final = "\ufeff"
"""Spreadsheets read UTF-8 only when a file begins with it."""

_SIGNS: Final = "=+-@\t\r\n"
_SIGN: Final = f"(?=[{re.escape(_SIGNS)}])"
# Excel divides by the sign of its own country, and then at those within quotes too.
_BEGINS: Final = r"(?:^|[,;\t\r\n])"
_FORMULA: Final = re.compile(rf"""{_BEGINS}['"]*{_SIGN}""")
_INERT: Final = re.compile(rf"""({_BEGINS}['"]*)'{_SIGN}""")

Row = Sequence[str | None]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would calculate it."""
    return cell.startswith(tuple(_SIGNS))


def inert(text: str) -> str:
    """An apostrophe before what a spreadsheet would calculate, wherever it sees a cell begin."""
    return _FORMULA.sub(r"\g<0>'", text)


def plain(cell: str) -> str:
    """The text that ``inert`` was given."""
    return _INERT.sub(r"\1", cell)


def lines(rows: Iterable[Row], *, delimiter: str = ",") -> str:
    text = io.StringIO()
    # All quoted: LibreOffice divides by comma, semicolon and tab at once, but not within quotes.
    written = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    written.writerows([inert(c or "") for c in row] for row in rows)
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
