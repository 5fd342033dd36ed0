"""``chorale import``: a file in, a bar while it lasts, a sentence at the end."""

import gzip
import io
import sys
from pathlib import Path
from time import monotonic
from typing import IO, Any, cast

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.trouble import Trouble
from kit.measures import MOST
from kit.service import Service
from kit.settings import read
from services.structures.following import awaiting
from services.structures.imports import ImportReport, fingerprint, import_structures
from services.structures.settings import StructuresSettings
from services.structures.views import structures as structures_of

GZIP = b"\x1f\x8b"
READ_AT_ONCE = 1 << 16


async def structures(file: str, report: Path) -> None:
    """Import a file, or standard input when it is called ``-``; either may be gzipped."""
    report.parent.mkdir(parents=True, exist_ok=True)
    service = Service("structures", read(StructuresSettings))
    began = monotonic()
    columns = TextColumn("{task.fields[lines]:,} lines"), BarColumn(), DownloadColumn()
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, lines=0)
        try:
            with _opened(file, bar, task) as source:
                done = await import_structures(
                    service,
                    source,
                    report=report,
                    of="" if file == "-" else fingerprint(Path(file)),
                    on_progress=lambda so_far: bar.update(task, lines=so_far.line - 1),
                )
            seconds, left = monotonic() - began, await awaiting(structures_of(service))
        except (OSError, EOFError, ValueError) as unreadable:
            why = str(unreadable) or (type(unreadable).__doc__ or "").strip()
            raise Trouble(f"{file} cannot be imported: {why}") from unreadable
        finally:
            await service.mongo.close()
    print(_told(done, report, seconds, left))


def _opened(file: str, bar: Progress, task: TaskID) -> IO[bytes]:
    # Counted where the bytes are read, so that the bar is right for what is gzipped too.
    counted: Any = (
        io.FileIO(sys.stdin.fileno(), closefd=False)
        if file == "-"
        else bar.open(file, "rb", buffering=0, task_id=task)
    )
    raw = io.BufferedReader(counted, READ_AT_ONCE)
    zipped = raw.peek(2)[:2] == GZIP
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if zipped else raw)


def _told(done: ImportReport, report: Path, seconds: float, left: int) -> str:
    lines = done.created + done.known + done.refused
    where = f" (listed in {report})" if done.refused else ""
    more = " or more" if left == MOST else ""
    follows = f"\nSearch by words follows: {left:,}{more} are not found by it yet" if left else ""
    return (
        f"{lines:,} lines in {seconds:.1f} s: {done.created:,} created, "
        f"{done.known:,} known already, {done.refused:,} refused{where}{follows}"
    )
