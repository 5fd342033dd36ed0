"""Works through files of rattachements: a line is one decision, kept together with its outcome."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from kit.addresses import Email
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.days import day_of
from kit.entitled import administers
from kit.frame import NotUtf8
from kit.ids import new_id
from kit.mongo import IndexModel
from kit.problems import Invalid, Problem, Unavailable
from kit.service import Service
from kit.spreadsheets import MARK, plain
from kit.workers import Worker
from services.users.attaching import Attaching
from services.users.domain import imports
from services.users.domain.attaching import Gift
from services.users.domain.imports import (
    AmbiguousIdentifier,
    Import,
    ImportLine,
    UnknownIdentifier,
    UnreadableDate,
    UnreadableEmail,
    line_id,
)
from services.users.domain.lines import Extent
from services.users.domain.logins import login_id
from services.users.domain.structures import Structure

log = structlog.get_logger(__name__)

COLUMNS: Final = ("email", "structure_identifier", "unit", "valid_from", "valid_until")
AT_ONCE: Final = 100
TRIES: Final = 3
MOST: Final = 10_000
LONGEST: Final = 254
"""Characters of a cell."""

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


class UnknownHeader(Invalid):
    """The first line names the columns: email, structure_identifier, unit and the two dates."""


class TooManyLines(Invalid):
    """A file has 10,000 lines at most."""


class NotCsv(Invalid):
    """This file cannot be read as CSV."""


@dataclass(frozen=True, slots=True)
class Importing:
    attaching: Attaching
    imports: Collection[Import]
    lines: Collection[ImportLine]

    @classmethod
    def of(cls, service: Service[Any], attaching: Attaching) -> "Importing":
        return cls(
            attaching,
            service.collection("imports", Import),
            service.collection(
                "import-lines",
                ImportLine,
                indexes=[
                    IndexModel([("import_id", 1), ("number", 1), ("_id", 1)]),
                    IndexModel([("import_id", 1), ("outcome", 1)]),
                ],
            ),
        )

    def worker(self) -> Worker[Import]:
        return Worker(self.imports, claim=imports.claim, work=self.work, at_once=2)

    async def bring(self, id: str, text: str, *, by: str, dry_run: bool) -> Import:
        """Keep every line, then have the file worked through. Raises what is wrong with it."""
        rows, at = [*read(text)], now()
        brought = Import(
            id=id,
            by=by,
            dry_run=dry_run,
            lines=len(rows),
            brought_at=at,
            whole=False,
            wake_at=at + self._kept_for,
        )
        # Not by the request's one change, which is to begin it: all before may be done again.
        keep_all = self.attaching.membership.committer.keep_all
        first = self.imports.ask(id, lambda current: Change(current or brought))
        _raise_first(await keep_all([first]))
        for start in range(0, len(rows), AT_ONCE):
            some = [_line(id, number, row) for number, row in rows[start : start + AT_ONCE]]
            asks = [self.lines.ask(one.id, partial(_kept, one)) for one in some]
            _raise_first(await keep_all(asks))
        return await self.imports.change(id, lambda current: imports.begin(current, now=at))

    async def work(self, of: Import) -> None:
        if not of.of_use:
            await self._forget(of)
            return
        after = of.after
        while some := await self._following(of, after):
            left, failed = some, Counter[str]()
            while left:  # Again for those whose address somebody claimed meanwhile.
                asks = [await self._ask_or_fail(of, one, failed[one.id]) for one in left]
                outcomes = await self.attaching.membership.committer.keep_all(asks)
                for one, outcome in zip(left, outcomes, strict=True):
                    if isinstance(outcome, Exception):
                        _raise_if_away(outcome)
                        # Its words may hold an address: the type alone.
                        error = type(outcome).__name__
                        log.warning("unable to deal with a line", id=one.id, error=error)
                        failed[one.id] += 1
                found = await self.lines.many([one.id for one in left])
                left = [one for one in found.values() if one.outcome is None]
            after = some[-1].number
            noted = partial(imports.dealt_with, after=after, now=now())
            await self.imports.change(of.id, noted)
        await self.imports.change(of.id, partial(imports.end, now=now(), kept_for=self._kept_for))

    async def _forget(self, of: Import) -> None:
        while some := await self._following(of, 0):
            asks = [self.lines.ask(one.id, lambda _: Change(None)) for one in some]
            _raise_first(await self.attaching.membership.committer.keep_all(asks))
        forget = self.imports.ask(of.id, lambda _: Change(None))
        await self.attaching.membership.committer.keep(forget)

    @property
    def _kept_for(self) -> timedelta:
        return self.attaching.settings.import_kept_for

    async def _following(self, of: Import, after: int) -> list[ImportLine]:
        where = {"import_id": of.id, "number": {"$gt": after}}
        return await self.lines.select(where, sort=[("number", 1)], most=AT_ONCE)

    async def _ask_or_fail(self, of: Import, line: ImportLine, failed: int) -> Ask:
        """One line that fails whenever it is tried keeps no other waiting."""
        if failed >= TRIES:
            return self.lines.ask(line.id, partial(_refused, LineFailed()))
        return await self._ask(of, line)

    async def _ask(self, of: Import, line: ImportLine) -> Ask:
        try:
            email, extent = _read(line)
            structure_id = await self._structure(of.by, line.structure_identifier)
        except Problem as why:
            return self.lines.ask(line.id, partial(_refused, why))
        gift = Gift(id=_gift_id(line), structure_id=structure_id, extent=extent, by=of.by, at=now())
        login = await self.attaching.identity.logins.find(login_id(email))
        user_id = login.user_id if login else new_id()
        inner = self.attaching.ask(email, user_id, gift)
        return Ask(
            (self.lines.at(line.id), *inner.places),
            partial(self._decide, inner, gift, user_id, of.dry_run),
        )

    def _decide(
        self,
        inner: Ask,
        gift: Gift,
        user_id: str,
        dry_run: bool,
        line: ImportLine | None,
        *states: Any,
    ) -> tuple[Change[Any], ...]:
        nothing = tuple(map(Change, states))
        login = states[0]
        if line is None or line.outcome or (login and login.user_id != user_id):
            return Change(line), *nothing
        try:
            changes = inner.decide(*states)
        except Problem as why:
            return imports.refused(line, why), *nothing
        left_out = bool(self.attaching.left_out(gift, states))
        return imports.accepted(line, left_out=left_out), *(nothing if dry_run else changes)

    async def _structure(self, by: str, identifier: str) -> str:
        """The only one that they administer: identifiers of different types may be alike."""
        of, on = self.attaching.membership, day_of(now())
        named: list[Structure] = await of.structures.select({"identifier": identifier})
        ties = await of.rattachements.select(
            {"user_id": by, "structure_id": {"$in": [one.id for one in named]}}
        )
        theirs = [tie.structure_id for tie in ties if administers(tie, on)]
        if not theirs:
            raise UnknownIdentifier
        if len(theirs) > 1:
            raise AmbiguousIdentifier
        return theirs[0]


class LineFailed(Unavailable):
    """This line could not be dealt with: bring it again."""


def text_of(file: bytes) -> str:
    try:
        return file.decode()
    except UnicodeDecodeError:
        raise NotUtf8(field="body") from None


def read(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines with their numbers; raises what refuses the whole file."""
    rows = csv.reader(text.removeprefix(MARK).splitlines(keepends=True), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        if header != [*COLUMNS]:
            raise UnknownHeader(columns=[*COLUMNS])
        for count, row in enumerate((row for row in rows if any(row)), start=1):
            if count > MOST:
                raise TooManyLines
            yield rows.line_num, [plain(cell).strip() for cell in row]
    except csv.Error:
        raise NotCsv(line=rows.line_num) from None


def _line(import_id: str, number: int, row: list[str]) -> ImportLine:
    cells = [cell[:LONGEST] for cell in (*row, *[""] * len(COLUMNS))][: len(COLUMNS)]
    named = dict(zip(COLUMNS, cells, strict=True))
    return ImportLine(id=line_id(import_id, number), import_id=import_id, number=number, **named)  # type: ignore[arg-type]  # texts alone


def _kept(line: ImportLine, current: ImportLine | None) -> Change[ImportLine]:
    return Change(current or line)


def _gift_id(line: ImportLine) -> str:
    return f"{line.import_id}-{line.number}"


def _read(line: ImportLine) -> tuple[str, Extent]:
    try:
        email = _EMAIL.validate_python(line.email)
    except ValidationError:
        raise UnreadableEmail from None
    first = _day(line.valid_from)
    last = _day(line.valid_until) if line.valid_until else None
    units = (line.unit,) if line.unit else ()
    return email, Extent(units=units, valid_from=first, valid_until=last)


def _day(text: str) -> date:
    """Written as the refusal says, and in none of the other ways of ISO 8601."""
    try:
        read = date.fromisoformat(text)
    except ValueError:
        raise UnreadableDate from None
    if read.isoformat() != text:
        raise UnreadableDate
    return read


def _refused(why: Problem, current: ImportLine | None) -> Change[ImportLine]:
    return imports.refused(current, why) if current and not current.outcome else Change(current)


def _raise_if_away(outcome: Exception) -> None:
    """What nothing can be kept without is no fault of a line: all wait."""
    if isinstance(outcome, Unavailable):
        raise outcome


def _raise_first(outcomes: list[Any]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
