"""A file somebody brought, and what is known of the harm in it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from kit.change import Change, Entity
from kit.formats import FORMATS, Described
from kit.problems import Conflict, Invalid

Scan = Literal["pending", "clean", "unscanned", "unscannable", "infected"]
"""
``unscanned``: this installation has no antivirus and says that it does without. ``unscannable``:
the antivirus cannot look at all of it, and so it is never read.
"""

LEASE = timedelta(minutes=5)
AGAIN_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Entity):
    """What is known of a file; ``content`` is where its bytes are."""

    designation: str
    extension: str
    size: int
    content: str
    scan: Scan
    scans: int = 0
    """How often the antivirus was asked."""
    added_by: str
    added_at: datetime

    @property
    def name(self) -> str:
        return f"{self.designation}.{self.extension}"

    @property
    def media_type(self) -> str:
        return FORMATS[self.extension].media_types[0]


F = TypeVar("F", bound=File)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of asking the antivirus; ``failed`` says nothing of the file."""

    outcome: Literal["clean", "infected", "unscannable", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCount(Entity):
    """The files of whatever has this id, and some that are gone until one more comes."""

    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """Which files were counted, and which of all there were when somebody looked after that."""

    counted: frozenset[str]
    there: frozenset[str]


class NotScannedYet(Conflict):
    """This file has not been scanned yet: try again in a moment."""

    retry_after = 2


class FileUnscannable(Conflict):
    """The antivirus cannot look at all of this file: it cannot be read."""


class FileInfected(Conflict):
    """This file is infected: its content was destroyed."""


class ArchiveTooLarge(Invalid):
    """These are too many bytes for one archive: choose fewer files."""


def brought(
    kind: type[F],
    described: Described,
    *,
    id: str,
    content: str,
    scan: Scan,
    by: str,
    now: datetime,
    **own: Any,
) -> F:
    """A file as it is first kept. ``content``: where its bytes are; ``own``: what its kind adds."""
    return kind(
        id=id,
        designation=described.designation,
        extension=described.extension,
        size=described.size,
        content=content,
        scan=scan,
        added_by=by,
        added_at=now,
        wake_at=now if scan == "pending" else None,
        **own,
    )


def counted(
    current: FileCount | None, looked: Looked, added: str, *, of: str, most: int
) -> Change[FileCount] | None:
    """
    With one file more, or None where there are ``most``.

    What came since somebody looked is counted too: files that come at once meet in this decision.
    """
    since = {*current.files} - looked.counted if current else set()
    kept = looked.there | since
    if len(kept) >= most:
        return None
    version = current.version if current else 0
    return Change(FileCount(id=of, version=version, files=tuple(sorted({*kept, added}))))


def readable(file: File) -> str:
    """Where the bytes are; raises the refusal while they must not be read."""
    if file.scan == "pending":
        raise NotScannedYet
    if file.scan == "unscannable":
        raise FileUnscannable
    if file.scan == "infected":
        raise FileInfected
    return file.content


def readable_together(files: Collection[File], *, most: int) -> None:
    """Raise the refusal when these must not leave as one archive of ``most`` bytes."""
    for one in files:
        readable(one)
    if sum(one.size for one in files) > most:
        raise ArchiveTooLarge(f"At most {most} bytes.", field="query/id")


def claim(current: F | None, now: datetime) -> Change[F]:
    """Take a file to the antivirus for as long as the lease lasts."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, scans=current.scans + 1, wake_at=now + LEASE))


def scanned(current: F, verdict: Verdict, now: datetime) -> F:
    """Bytes never change: whichever attempt it was, the first verdict stands."""
    if current.scan != "pending":
        return current
    if verdict.outcome == "failed":
        delay = AGAIN_AFTER[min(max(current.scans, 1), len(AGAIN_AFTER)) - 1]
        return replace(current, wake_at=now + delay)
    return replace(current, scan=verdict.outcome, wake_at=None)


def noted(current: F | None, verdict: Verdict, now: datetime) -> Change[F]:
    """The same as a decision; a file that is gone stays gone."""
    return Change(current and scanned(current, verdict, now))
