"""Files brought and taken away: bytes come before the decision that names them, and go after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, Self

import structlog
from fastapi import Depends, Query, Request
from pydantic import BaseModel

from kit import formats
from kit.clamd import Clamd
from kit.contents import Sweeper
from kit.file import F, File, FileCount, Looked, Scan
from kit.frame import BodyTooLarge
from kit.problems import Problem, Unavailable
from kit.scanner import Scanner

if TYPE_CHECKING:
    from kit.collection import Ask, Collection
    from kit.committer import Committer
    from kit.contents import Contents
    from kit.mongo import IndexModel
    from kit.scanner import Record
    from kit.service import Service
    from kit.settings import Settings
    from kit.workers import Job

log = structlog.get_logger(__name__)

A_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The bytes, with the Content-Type of their kind.",
    }
}
"""What OpenAPI says of a route that a file is brought to."""

UNACCEPTABLE: Final[tuple[type[Problem], ...]] = (
    BodyTooLarge,
    formats.InvalidFileName,
    formats.ExtensionNotAllowed,
    formats.MediaTypeContradicted,
    formats.ContentContradicted,
    formats.EmptyFile,
)
"""Why a file may not be taken, whoever brings it."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A file in a request: its bytes are the body, its kind the Content-Type."""

    name: str
    declared: str
    content: bytes


async def _brought(
    request: Request,
    name: Annotated[str, Query(max_length=100, examples=["carte-grise.pdf"])],
) -> Brought:
    return Brought(name, request.headers.get("content-type", ""), await request.body())


FileBrought = Annotated[Brought, Depends(_brought)]


class FileShown(BaseModel):
    """A file, without its bytes."""

    id: str
    designation: str
    extension: str
    media_type: str
    size: int
    scan: Scan
    added_at: datetime

    @classmethod
    def of(cls, file: File) -> Self:
        return cls.model_validate(file, from_attributes=True)


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How many files there are of one thing, where there may be only so many."""

    collection: Collection[FileCount]
    files: Collection[Any]

    @classmethod
    def of(cls, service: Service[Any], files: Files[Any]) -> Self:
        name = f"{files.collection.name}-counts"
        return cls(service.collection(name, FileCount), files.collection)

    async def look(self, id: str, where: dict[str, Any]) -> Looked:
        """``where``: how the files of what has this id are found."""
        # In this order: a file that was counted and is not there any more is gone.
        count = await self.collection.find(id)
        there = await self.files.documents.distinct("_id", where)
        return Looked(frozenset(count.files if count else ()), frozenset(there))


@dataclass(frozen=True, slots=True)
class Files(Generic[F]):
    """The files of one kind, and their bytes."""

    collection: Collection[F]
    contents: Contents
    committer: Committer
    settings: Settings

    @classmethod
    def of(
        cls, service: Service[Any], name: str, kind: type[F], *, indexes: Sequence[IndexModel]
    ) -> Files[F]:
        """``indexes``: one on ``content`` is among them, for the sweeper."""
        return cls(
            collection=service.collection(name, kind, indexes=indexes),
            contents=service.contents(name),
            committer=service.committer,
            settings=service.settings,
        )

    async def add(self, content: bytes, ask: Callable[[str, Scan], Ask]) -> F:
        """``ask``: what keeps the file, at its first place, given where its bytes are."""
        stored = await self.contents.keep(content)
        try:
            made, *_ = await self.committer.keep(ask(stored, self._before_a_scan))
        except Unavailable:
            raise  # It may be kept all the same: the sweeper will see.
        except Problem:
            await self._settle(stored)
            raise
        await self._settle(stored)
        return made  # type: ignore[no-any-return]  # what the decision gave back

    async def remove(self, files: Sequence[F], ask: Ask) -> None:
        """Forget these files, all or none, as ``ask`` decides."""
        contents = [one.content for one in files]
        for one in contents:
            await self.contents.unsettle(one)
        await self.committer.keep(ask)
        await self._settle(*contents)

    def jobs(self, record: Record[F]) -> list[Job]:
        """``record``: the decision that notes what the antivirus said."""
        said, sweeper = self.settings, Sweeper(self.collection, self.contents)
        if not said.clamd:
            return [sweeper]
        antivirus = Clamd(said.clamd, patience=said.clamd_patience, limit=said.clamd_limit)
        return [sweeper, Scanner(self.collection, self.contents, antivirus, record)]

    async def _settle(self, *contents: str) -> None:
        try:
            await self.contents.settle(self.collection, *contents)
        except Exception:
            log.warning("left to the sweeper", contents=contents, exc_info=True)

    @property
    def _before_a_scan(self) -> Scan:
        accepted = self.settings.unscanned_files and not self.settings.clamd
        return "unscanned" if accepted else "pending"
