"""One database in one file: BSON in gzip, counted and summed so that a cut is seen."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import bson
from bson.raw_bson import RawBSONDocument

from deploy.trouble import Trouble

FORMAT = 1
SMALLEST = 5  # bytes of a document of BSON
HEAD, COLLECTION, DOCUMENT, END = b"H", b"C", b"D", b"E"
"""What the next piece is: about the whole, a collection's name, one of its documents, the end."""

Document = dict[str, Any]


class Writer:
    """Written beside its place and moved there when whole, readable by its owner alone."""

    def __init__(self, file: Path, head: Document) -> None:
        self._file, self._partial = file, file.with_name(f"{file.name}.partial")
        self._partial.unlink(missing_ok=True)
        self._partial.touch(mode=0o600, exist_ok=False)
        self._out = gzip.open(self._partial, "wb", compresslevel=3)  # noqa: SIM115 (see close)
        self._sum, self.counts = hashlib.sha256(), dict[str, int]()
        self._put(HEAD, bson.encode(head | {"format": FORMAT}))

    def collection(self, name: str) -> None:
        self._name, self.counts[name] = name, 0
        self._put(COLLECTION, bson.encode({"name": name}))

    def documents(self, batch: bytes) -> None:
        """Documents one behind the other, as MongoDB's own batches are."""
        at = 0
        while at < len(batch):
            length = int.from_bytes(batch[at : at + 4], "little")
            self._put(DOCUMENT, batch[at : at + length])
            self.counts[self._name] += 1
            at += length

    def close(self) -> None:
        end = {"counts": self.counts, "sha256": self._sum.hexdigest()}
        self._put(END, bson.encode(end))
        self._out.close()
        self._partial.replace(self._file)

    def _put(self, kind: bytes, document: bytes) -> None:
        self._sum.update(kind + document)
        self._out.write(kind + document)


def head(file: Path) -> Document:
    """What the archive says of itself."""
    kind, document = next(_pieces(file), (END, bson.encode({})))
    said: Document = bson.decode(document)
    if kind != HEAD or said.get("format") != FORMAT:
        raise Trouble(f"{file} is not a backup that this release can read")
    return said


def verify(file: Path) -> dict[str, int]:
    """Read all of it, and give how many documents each collection has; raises on any damage."""
    total, counts, name, end = hashlib.sha256(), dict[str, int](), "", None
    for kind, document in _pieces(file):
        if kind == END:
            end = bson.decode(document)
            continue
        total.update(kind + document)
        if kind == COLLECTION:
            name = bson.decode(document)["name"]
            counts[name] = 0
        elif kind == DOCUMENT:
            counts[name] += 1
    if end is None or end != {"counts": counts, "sha256": total.hexdigest()}:
        raise Trouble(f"{file} is damaged, or ends too early")
    return counts


def documents(file: Path) -> Iterator[tuple[str, RawBSONDocument]]:
    """Each document with the name of its collection, none of them decoded."""
    name = ""
    for kind, document in _pieces(file):
        if kind == COLLECTION:
            name = bson.decode(document)["name"]
        elif kind == DOCUMENT:
            yield name, RawBSONDocument(document)


def _pieces(file: Path) -> Iterator[tuple[bytes, bytes]]:
    try:
        with gzip.open(file, "rb") as opened:
            stream = cast("BinaryIO", opened)
            while kind := stream.read(1):
                size = stream.read(4)
                length = int.from_bytes(size, "little")
                if length < SMALLEST:
                    raise EOFError("a document without end")
                yield kind, size + stream.read(length - 4)
    except (OSError, EOFError, zlib.error, bson.errors.InvalidBSON) as broken:
        raise Trouble(f"{file} cannot be read: {broken}") from broken
