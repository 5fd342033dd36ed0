"""Which letters wait for a digest, and for which: each for one. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

from contracts.users import Rhythm
from kit.change import Change, Entity
from kit.problems import Conflict
from services.notifications.domain.letters import (
    ALWAYS,
    MOST_SUBJECTS,
    PRESSING,
    Letter,
    Template,
)
from services.notifications.domain.people import Person
from services.notifications.domain.times import day_there, next_day, next_week

AT_ONCE: Final[frozenset[Template]] = frozenset({"invoice-rejected"})
"""They ask for an act, and leave by themselves for all who wish for letters (NOT-06)."""
BY_DAY: Final[frozenset[Template]] = frozenset({"invoice-status"})
"""They are many: by the day, unless their application is to be told of at once (NOT-02)."""
NOT_WISHED: Final = "It is not wished for."


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Entity):
    """What some letters tell of is done or withdrawn: they are of no use. The id is theirs."""

    at: datetime
    rank: int | None = None
    """Of something that goes on: what was told of it before this; None: all that was told."""


class DigestClosed(Conflict):
    """This digest is leaving: what comes now waits for the next one."""


def settle(id: str, current: Settled | None, *, at: datetime) -> Change[Settled]:
    return Change(current or Settled(id=id, at=at))


def move_on(id: str, current: Settled | None, *, rank: int, at: datetime) -> Change[Settled]:
    """Something has gone on: what was told of it before is of no use."""
    if current and (current.rank is None or current.rank >= rank):
        return Change(current)
    return Change(replace(current or Settled(id=id, at=at), rank=rank, at=at))


def over(letter: Letter, settled: Mapping[str, Settled]) -> bool:
    """Whether all that it tells of is done, or has gone on; where that is too much: never."""
    subjects = letter.subjects
    if not subjects or len(subjects) >= MOST_SUBJECTS:
        return False
    return not _standing(letter, settled)


def of_what_stands(letter: Letter, settled: Mapping[str, Settled]) -> Letter:
    """Without the questions that are answered: nobody's right to those says anything any more."""
    standing = _standing(letter, settled)
    asked = {id: units for id, units in letter.asked_about.items() if id in standing}
    return replace(letter, asked_about=asked)


def _standing(letter: Letter, settled: Mapping[str, Settled]) -> tuple[str, ...]:
    return tuple(one for one in letter.subjects if not _behind(letter, settled.get(one)))


def _behind(letter: Letter, found: Settled | None) -> bool:
    return found is not None and (found.rank is None or letter.rank < found.rank)


def rhythm(letter: Letter, person: Person) -> Rhythm:
    """How soon somebody is told of it, by their wishes (NOT-01, NOT-11)."""
    wishes = person.wishes
    if letter.template in ALWAYS or letter.template == "digest":
        return "immediate"
    if letter.template == "recap":
        return "immediate" if wishes.weekly_recap and wishes.rhythm != "never" else "never"
    chosen = wishes.applications.get(letter.application)
    wished = chosen or wishes.rhythm
    if letter.template in PRESSING and wished == "never":
        wished = "daily"
    # After the first attempt it may have left by itself, unrecorded.
    if (letter.template in AT_ONCE or letter.attempts > 1) and wished != "never":
        return "immediate"
    if letter.template in BY_DAY and chosen is None and wished == "immediate":
        return "daily"
    return wished


def digest_for(
    person: Person, rhythm: Rhythm, *, after: datetime, at: time
) -> tuple[Letter, datetime]:
    """
    The first of theirs that leaves after this moment, with nothing in it yet; and when.

    Whoever has both rhythms gets one on Mondays, known by its day alone (NOT-02).
    """
    leaves = (next_week if rhythm == "weekly" else next_day)(person, after, at)
    digest = Letter(
        id=f"{person.id}:digest:{day_there(person, leaves)}",
        recipient_id=person.id,
        template="digest",
        params={"rhythm": rhythm},
        created_at=leaves,
        wake_at=leaves,
    )
    return digest, leaves


def gather(
    letter: Letter, current: Letter | None, digest: Letter | None, *, into: Letter
) -> tuple[Change[Letter], Change[Letter]]:
    """
    Have a letter be told by a digest, which begins with the first of them.

    ``letter``: as it was claimed, or as it is to be written.
    """
    if current and (current.status != "waiting" or current.attempts != letter.attempts):
        return Change(current), Change(digest)
    if digest and (digest.status != "waiting" or digest.attempts):
        raise DigestClosed
    told = replace(current or letter, status="gathered", digest_id=into.id, wake_at=None)
    weekly = digest is not None and into.params["rhythm"] == "weekly"
    joined = replace(digest, params=into.params) if digest and weekly else digest
    return Change(told), Change(joined or into)


def leave_unsent(letter: Letter, current: Letter | None) -> Change[Letter]:
    """Written for its reader to find in their list alone."""
    unsent = replace(letter, status="suppressed", last_error=NOT_WISHED, wake_at=None)
    return Change(current or unsent)


def of_use(
    letters: Iterable[Letter], person: Person, *, settled: Mapping[str, Settled]
) -> list[Letter]:
    """Those of which something still stands, and that are still wished for."""
    return [
        one
        for one in letters
        if not over(one, settled) and not one.forgotten and rhythm(one, person) != "never"
    ]
