"""Bring the public directory in from a file, in batches. INSEE is never asked."""

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Self, TextIO

from kit import spreadsheets
from kit.clock import now
from kit.collection import Ask, Collection
from kit.service import Service
from services.structures.directory import Line, Refused, entries
from services.structures.domain.imported import import_one
from services.structures.domain.structures import Structure
from services.structures.search import found_later
from services.structures.settings import StructuresSettings
from services.structures.views import known, structures

BATCH: Final = 500
AT_ONCE: Final = 2
LINE_MOST: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of the lines up to ``line``: nothing of them is lost from here on."""

    line: int = 1
    created: int = 0
    known: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of one batch."""

    line: int
    created: int
    known: int
    refused: list[Refused]


async def import_structures(
    service: Service[StructuresSettings],
    source: IO[bytes],
    *,
    report: Path,
    of: str = "",
    on_progress: Callable[[ImportReport], None] = lambda _: None,
) -> ImportReport:
    """
    Make every line of ``source`` a public structure, unless it is known already.

    The lines refused are listed in the CSV ``report``. ``of`` is the file's fingerprint: with it,
    an import that was cut short is taken up where it stopped. Raises UnknownHeader.
    """
    settings = service.settings
    kept = structures(service, derived=found_later)
    await service.prepare()
    committing = asyncio.create_task(service.committer.run())
    try:
        with _Progress(report, of) as progress:
            lines = entries(_texts(source), checksums=settings.import_checksums)
            await _Import(service, kept, lines, progress, on_progress).run()
        return progress.report
    finally:
        committing.cancel()
        with suppress(asyncio.CancelledError):
            await committing


def fingerprint(file: Path) -> str:
    """Tells one file from another by all that is in it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class _Import:
    def __init__(
        self,
        service: Service[StructuresSettings],
        kept: Collection[Structure],
        lines: Iterator[Line | Refused],
        progress: "_Progress",
        tell: Callable[[ImportReport], None],
    ) -> None:
        self._committer, self._structures = service.committer, kept
        self._lines = (one for one in lines if one.number > progress.report.line)
        self._progress, self._tell = progress, tell
        self._at = now()

    async def run(self) -> None:
        """Read a batch while those before it are being kept; settle them in the file's order."""
        waiting = deque[asyncio.Task[_Kept]]()
        try:
            # In a thread: a pipe that has nothing to say must not hold up what is being kept.
            while batch := await asyncio.to_thread(self._take):
                if len(waiting) == AT_ONCE:
                    self._settle(await waiting.popleft())
                waiting.append(asyncio.create_task(self._keep(batch)))
            while waiting:
                self._settle(await waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()
        self._progress.end()

    def _take(self) -> list[Line | Refused]:
        return [*islice(self._lines, BATCH)]

    async def _keep(self, batch: list[Line | Refused]) -> _Kept:
        lines = [one for one in batch if isinstance(one, Line)]
        new = dict[str, Line]()
        for line in lines:
            new.setdefault(line.identifier.structure_id, line)
        for id in await known(self._structures, [*new]):
            del new[id]
        # Later than any other batch's: what was created at this moment was created here.
        at = self._at = max(now(), self._at + timedelta(milliseconds=1))
        outcomes = await self._committer.keep_all(
            [self._ask(id, line, at) for id, line in new.items()]
        )
        created = sum(_state(outcome).created_at == at for outcome in outcomes)
        return _Kept(
            line=batch[-1].number,
            created=created,
            known=len(lines) - created,
            refused=[one for one in batch if isinstance(one, Refused)],
        )

    def _ask(self, id: str, line: Line, at: datetime) -> Ask:
        return self._structures.ask(
            id,
            lambda current: import_one(
                current,
                identifier=line.identifier,
                status=line.status,
                legal_name=line.legal_name,
                email=line.email,
                phone=line.phone,
                address=line.address,
                edi=line.edi,
                flags=line.flags,
                now=at,
            ),
        )

    def _settle(self, kept: _Kept) -> None:
        self._progress.add(kept)
        self._tell(self._progress.report)


class _Progress:
    """The report file, and beside it the checkpoint of a file that can be known again."""

    def __init__(self, path: Path, of: str) -> None:
        self._path, self._of = path, of
        self._checkpoint = path.with_name(f"{path.name}.checkpoint")
        self.report, self._size = self._kept() or (ImportReport(), 0)
        self.resumed = self._size > 0

    def _kept(self) -> tuple[ImportReport, int] | None:
        try:
            kept = json.loads(self._checkpoint.read_text()) if self._of else {}
            if kept.pop("of", None) != self._of or not self._path.exists():
                return None
            return ImportReport(**kept.pop("report")), int(kept["size"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def __enter__(self) -> Self:
        self._file: TextIO = self._path.open(
            "r+" if self.resumed else "w", encoding="utf-8", errors="backslashreplace", newline=""
        )
        if self.resumed:
            self._file.seek(self._size)
            self._file.truncate()
        if not self.resumed:
            self._file.write(spreadsheets.lines([("line", "value", "reason")]))
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, kept: _Kept) -> None:
        so_far = self.report
        self.report = replace(
            so_far,
            line=kept.line,
            created=so_far.created + kept.created,
            known=so_far.known + kept.known,
            refused=so_far.refused + len(kept.refused),
        )
        self._file.write(spreadsheets.lines((str(number), *said) for number, *said in kept.refused))
        self._file.flush()
        if self._of:
            state = {"of": self._of, "report": asdict(self.report), "size": self._file.tell()}
            fresh = self._checkpoint.with_suffix(".new")
            fresh.write_text(json.dumps(state))
            fresh.replace(self._checkpoint)

    def end(self) -> None:
        self._checkpoint.unlink(missing_ok=True)


def _texts(source: IO[bytes]) -> Iterator[str | None]:
    """Each line, or None for one that is too long: memory stays flat."""
    while line := source.readline(LINE_MOST):
        whole = len(line) < LINE_MOST or line.endswith(b"\n")
        while line and not line.endswith(b"\n") and not whole:
            line = source.readline(LINE_MOST)
        yield line.decode("utf-8", "surrogateescape") if whole else None


def _state(outcome: Any) -> Structure:
    if isinstance(outcome, BaseException):
        raise outcome
    [state] = outcome
    structure: Structure = state
    return structure
