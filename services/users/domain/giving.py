"""
What a rattachement gives, cut down to what whoever gives it holds themselves (ADR 0021). Pure.

Attaching gives the default habilitations where nobody was attached, and lengthens those that are
there already. For a delegate that is the way to what they lack, unless both are cut.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from contracts.users import Habilitation, Level, Line
from kit.change import Change
from kit.entitled import on_lines
from services.users.domain.delegation import MoreThanYours
from services.users.domain.lines import Extent, Lines, cover, joined, last_day
from services.users.domain.rattachements import (
    Defaults,
    Rattachement,
    attach,
    nothing_yet,
    refuse_too_many,
    rights_of,
)

Rows = tuple[Habilitation, ...]
Days = Mapping[tuple[str, Level, str | None], list[Line]]
"""When each profile is held, on the whole or on a unit."""


def attached(
    current: Rattachement, extent: Extent, *, on: date, defaults: Defaults, own: Rows | None
) -> Change[Rattachement]:
    """
    Attach a user, or whatever they are already, as far as the giver may, who holds ``own``.

    Raises TooManyRights for what could not be told any more.
    """
    # Whoever became principal manager while waiting does not go back to being a user.
    role = current.role if current.role and current.standing(on) else "user"
    given = attach(current, role=role, extent=extent, on=on, defaults=defaults).state or current
    left = cut(current, given, own, on)
    refuse_too_many(left, field="body/units")
    return Change(left, (rights_of(left),))


def cut(current: Rattachement, attached: Rattachement, own: Rows | None, on: date) -> Rattachement:
    """
    What somebody is attached to from ``on``, without what the giver, who holds ``own``, lacks.

    ``current`` is what was there before, of which nothing is taken away. Raises MoreThanYours
    where days that the giver lacks are between others that are there already.
    """
    if own is None:
        return attached
    before, now = _by_row(current), _Lines(attached)
    had = {one for some in before.values() for one in some}
    days = _days((*had, *own))

    def beyond(row: Habilitation) -> Rows:
        return tuple(one for one in now.meet(row) if one not in had and not _covers(days, one, on))

    def narrowed(row: Habilitation) -> Habilitation | None:
        return _within(row, before.get(row, ()), days, on) if beyond(row) else row

    left = replace(
        attached,
        habilitations=tuple(filter(None, map(narrowed, attached.habilitations))),
        waiting=tuple(
            replace(one, habilitation=less)
            for one in attached.waiting
            if (less := narrowed(one.habilitation))
        ),
    )
    for row in _rows(left):
        for one in beyond(row):
            raise MoreThanYours(application=one.application, level=one.level, unit=one.unit)
    return left


def left_out(own: Rows | None, extent: Extent, defaults: Defaults, on: date) -> Rows:
    """The default profiles that somebody new to a structure would not have, or not throughout."""
    nobody = nothing_yet("", "")
    new = attach(nobody, role="user", extent=extent, on=on, defaults=defaults).state or nobody
    given = {*cut(nobody, new, own, on).habilitations}
    lost = {(one.application, one.level) for one in new.habilitations if one not in given}
    return tuple(one for one in defaults["user"] if (one.application, one.level) in lost)


def _within(row: Habilitation, before: Rows, days: Days, on: date) -> Habilitation | None:
    """The row on those of its days that may be given, in one piece with those it had."""
    may = _windows(days, row)
    if before:
        first = min(one.valid_from or date.min for one in before)
        last = max(one.valid_until or date.max for one in before)
        had = Line(unit=row.unit, valid_from=first, valid_until=last)
        may = tuple(one for one in joined((*may, had)) if cover((one,), had))
    may = tuple(one for one in may if last_day(one) >= on)
    if not may:
        return None
    first, last = may[0].valid_from, min(last_day(may[0]), row.valid_until or date.max)
    begins = max(first, row.valid_from or date.min) if first > on else row.valid_from
    if (begins or date.min) > last:
        return None
    ends = None if last == date.max else last
    return row.model_copy(update={"valid_from": begins, "valid_until": ends})


class _Lines:
    """Those of a rattachement by unit: it has many of both, and most meet none of the others."""

    def __init__(self, tie: Rattachement) -> None:
        self._every = tie.lines
        self._of: dict[str | None, list[Line]] = defaultdict(list)
        for line in tie.lines:
            self._of[line.unit].append(line)

    def meet(self, row: Habilitation) -> Rows:
        """What a row comes to on them."""
        if row.unit is None:
            return on_lines(row, self._every)
        return on_lines(row, (*self._of.get(None, ()), *self._of.get(row.unit, ())))


def _by_row(tie: Rattachement) -> dict[Habilitation, Rows]:
    lines = _Lines(tie)
    return {row: lines.meet(row) for row in _rows(tie)}


def _rows(tie: Rattachement) -> Rows:
    """Those in force and those that wait."""
    return (*tie.habilitations, *(one.habilitation for one in tie.waiting))


def _days(rows: Iterable[Habilitation]) -> Days:
    days: dict[tuple[str, Level, str | None], list[Line]] = defaultdict(list)
    for one in rows:
        line = Line(
            unit=one.unit, valid_from=one.valid_from or date.min, valid_until=one.valid_until
        )
        days[one.application, one.level, one.unit].append(line)
    return days


def _windows(days: Days, row: Habilitation) -> Lines:
    of = (days.get((row.application, row.level, unit), ()) for unit in {None, row.unit})
    return joined(one.model_copy(update={"unit": row.unit}) for some in of for one in some)


def _covers(days: Days, one: Habilitation, on: date) -> bool:
    """Whether what it comes to from that day on is held, be it by several rows."""
    first, last = max(one.valid_from or date.min, on), one.valid_until or date.max
    asked = Line(unit=one.unit, valid_from=first, valid_until=last)
    return last < on or cover(_windows(days, one), asked)
