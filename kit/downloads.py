"""Files on their way out: never shown by a browser as if they were ours, whatever they are."""

import io
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query
from starlette.responses import StreamingResponse

from kit.contents import Contents
from kit.file import File, FileInfected, FileUnscannable, NotScannedYet, readable
from kit.ids import EntityId

_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
"""What Windows takes for a device, whatever its extension."""

Answers = dict[int | str, dict[str, Any]]
BYTES: Final[Answers] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The bytes."}
}
ZIP: Final[Answers] = {200: {"content": {"application/zip": {}}, "description": "A zip."}}
UNREADABLE: Final = (NotScannedYet, FileUnscannable, FileInfected)
"""Why a file may not be read by anybody."""

FileId = EntityId
Ticked = Annotated[
    list[EntityId],
    Query(alias="id", min_length=1, max_length=50),
]
"""The files that somebody has chosen from a list."""


def safe_headers(name: str) -> dict[str, str]:
    """Saved under its name, in any script (RFC 6266), and never run or kept on the way."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    exact = quote(name, safe="")
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }


async def download(file: File, contents: Contents) -> StreamingResponse:
    """The bytes of a file; raises the refusal while they must not be read."""
    return StreamingResponse(
        await contents.read(readable(file)),
        media_type=file.media_type,
        headers=safe_headers(file.name) | {"content-length": str(file.size)},
    )


def archive(
    name: str, files: Sequence[File], contents: Contents, *, at: datetime
) -> StreamingResponse:
    """Several such files as one zip, made while it is sent."""
    return StreamingResponse(
        _zipped(files, contents, at), media_type="application/zip", headers=safe_headers(name)
    )


async def _zipped(files: Sequence[File], contents: Contents, at: datetime) -> AsyncIterator[bytes]:
    out = Passing()
    when = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    # Stored, not deflated: most of what is brought is compressed already.
    with zipfile.ZipFile(out, "w") as zipped:
        for name, file in zip(unique(one.name for one in files), files, strict=True):
            with zipped.open(zipfile.ZipInfo(name, when), "w") as entry:
                async for piece in await contents.read(file.content):
                    entry.write(piece)
                    yield out.taken()
    yield out.taken()


def unique(names: Iterable[str]) -> Iterator[str]:
    """Names that stay apart in one folder of any system."""
    seen = set[str]()
    for given in names:
        stem, dot, extension = given.rpartition(".")
        if stem.casefold() in _DEVICES:
            stem = f"_{stem}"
        name, n = f"{stem}{dot}{extension}", 1
        while name.casefold() in seen:
            n += 1
            name = f"{stem} ({n}){dot}{extension}"
        seen.add(name.casefold())
        yield name


class Passing(io.RawIOBase):
    """What is written is taken away piece by piece: a zip needs no way back."""

    def __init__(self) -> None:
        self._pieces = list[bytes]()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
