"""Rattachements given from a file, line by line: what each line asks, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from kit.change import Change, Entity
from kit.problems import Invalid, Problem

LEASE: Final = timedelta(minutes=1)
"""After that, whoever was working through a file is taken for dead."""


LEFT_OUT: Final = "Default profiles that you do not hold yourself are left out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Entity):
    """A file, and how far it has been worked through."""

    by: str
    dry_run: bool
    lines: int
    brought_at: datetime
    after: int = 0
    """The number of the last line that was dealt with."""
    ended_at: datetime | None = None
    whole: bool = True
    """Not before each of its lines is kept: until then there is nothing to work through."""

    @property
    def of_use(self) -> bool:
        """Whether there is work to do for it; else it waits to be forgotten."""
        return self.whole and self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine(Entity):
    """One line, as it was written. Its outcome is kept together with what it led to."""

    import_id: str
    number: int
    """In the file: the header is line 1."""
    email: str
    structure_identifier: str
    unit: str
    valid_from: str
    valid_until: str
    outcome: Literal["accepted", "refused"] | None = None
    """Accepted: attached, attached already or invited, which is not told."""
    refusal: str = ""
    reason: str = ""


class UnreadableEmail(Invalid):
    """This is no e-mail address."""


class UnreadableDate(Invalid):
    """A date is written 2026-12-31; the first day is needed, the last is not."""


class UnknownIdentifier(Invalid):
    """You administer no structure with this identifier."""


class AmbiguousIdentifier(Invalid):
    """You administer several structures with this identifier: attach this user in the one meant."""


def line_id(import_id: str, number: int) -> str:
    return f"{import_id}:{number:06}"


def claim(current: Import | None, now: datetime) -> Change[Import]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def begin(current: Import | None, *, now: datetime) -> Change[Import]:
    if current is None or current.whole:
        return Change(current)
    return Change(replace(current, whole=True, wake_at=now))


def dealt_with(current: Import | None, *, after: int, now: datetime) -> Change[Import]:
    """Whoever else works through it may be further on already."""
    if current is None or current.ended_at or current.after >= after:
        return Change(current)
    return Change(replace(current, after=after, wake_at=now + LEASE))


def end(current: Import | None, *, now: datetime, kept_for: timedelta) -> Change[Import]:
    """Its lines hold addresses that somebody else typed: all of it is forgotten after some days."""
    if current is None or current.ended_at:
        return Change(current)
    return Change(replace(current, ended_at=now, wake_at=now + kept_for))


def accepted(line: ImportLine, *, left_out: bool) -> Change[ImportLine]:
    return Change(replace(line, outcome="accepted", reason=LEFT_OUT if left_out else ""))


def refused(line: ImportLine, why: Problem) -> Change[ImportLine]:
    refusal = why.type().removeprefix("/problems/")
    return Change(replace(line, outcome="refused", refusal=refusal, reason=why.title()))
