"""Letters that wait: for a digest, for the end of quiet hours; and what a digest tells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final, Protocol, get_args

from contracts.users import Level, Rhythm
from kit.change import Change
from kit.clock import now, today
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.heard import TooStale
from kit.pages import Asked, page
from kit.rights import Rights, RightsCopy
from services.notifications import metrics
from services.notifications.domain import attempts, digests, recaps
from services.notifications.domain.digests import NOT_WISHED, DigestClosed, Settled
from services.notifications.domain.letters import (
    ALWAYS,
    IN_BULK,
    OF_NO_USE,
    SHOWN_BY_THEIR_FACT,
    TO_AUTHORS,
    TO_DECIDERS,
    Letter,
    Moved,
    Template,
    write,
)
from services.notifications.domain.muting import SWITCHED_OFF
from services.notifications.domain.people import Person
from services.notifications.domain.times import quiet_until
from services.notifications.muting import Muting

READ_AT_ONCE: Final = 1000
MOST_READ: Final = 20_000
"""
Letters that are looked at for one digest, and more until one is found that is of use; the others
are counted, whatever became of them.
"""
MOST_SHOWN: Final = 100
UNTIL_RIGHTS_ARE_KNOWN: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a digest tells, oldest first, and how much more there is, or a recap; else nothing."""

    letters: tuple[Letter, ...] = ()
    more: int = 0
    movements: tuple[Moved, ...] = ()


class Scoped(Protocol):
    """What a letter is about, and where: a letter has it, and so has a count of letters."""

    @property
    def template(self) -> Template: ...
    @property
    def application(self) -> str: ...
    @property
    def structure_id(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def questions(self) -> tuple[tuple[str, ...], ...]: ...


def concerns(rights: Rights | None, letter: Scoped, on: date) -> bool:
    """Whether its reader may see what it is about, by their rights in its structure."""
    if letter.template in TO_DECIDERS and letter.structure_id:
        of_which = letter.questions or (None,)
        return rights is not None and any(rights.decides(units, on) for units in of_which)
    if not (letter.application and letter.structure_id):
        return True
    if letter.template in TO_AUTHORS:
        return rights is not None and rights.valid(on)
    return rights is not None and any(
        rights.may(letter.application, level, on, unit=letter.unit) for level in get_args(Level)
    )


def _hangs_on_rights(letter: Letter) -> bool:
    """Not what a fact shows that its reader may know: at first it leaves."""
    if letter.template in SHOWN_BY_THEIR_FACT:
        return letter.held or letter.attempts > 1 or letter.digest_id != ""
    return letter.application != ""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Which letters leave by themselves and when, and what becomes of the others."""

    committer: Committer
    letters: Collection[Letter]
    settled: Collection[Settled]
    rights: RightsCopy
    digests_at: time
    muting: Muting

    async def ready(self, letter: Letter, person: Person) -> Contents | None:
        """What a claimed letter tells beside its words; None if it does not leave now."""
        if letter.template in ALWAYS:
            return Contents()
        wished = digests.rhythm(letter, person)
        try:
            if wished == "never":
                await self.record(letter, attempts.suppressed, why=NOT_WISHED)
            elif not await self.muting.without_muted([letter]):
                await self.record(letter, attempts.suppressed, why=SWITCHED_OFF)
            elif not await self._of_use([letter], person):
                await self.record(letter, attempts.suppressed, why=OF_NO_USE)
            elif wished != "immediate":
                await self._put([(letter, person, wished)])
            elif until := quiet_until(person, now()):
                await self.record(letter, attempts.held, until=until)
            elif letter.template not in IN_BULK:
                return Contents()
            elif (contents := await self._contents(letter, person)) != Contents():
                return contents
            else:
                await self.record(letter, attempts.suppressed, why="Nothing is left to tell.")
        except TooStale:
            await self.record(letter, attempts.held, until=now() + UNTIL_RIGHTS_ARE_KNOWN)
        return None

    async def write(self, written: Iterable[tuple[Letter, Person]]) -> None:
        """Write these as their readers wish; what was written before stays as it is."""
        await self._put([(one, person, digests.rhythm(one, person)) for one, person in written])

    async def _put(self, written: Sequence[tuple[Letter, Person, Rhythm]]) -> None:
        at = now()
        waiting = [(*one, at) for one in written]
        while waiting:
            asks = [self._ask(*one) for one in waiting]
            outcomes = await self.committer.keep_all([ask for ask, _ in asks])
            again = []
            for one, (_, leaves), outcome in zip(waiting, asks, outcomes, strict=True):
                if isinstance(outcome, DigestClosed):
                    again.append((*one[:3], leaves))
                elif isinstance(outcome, BaseException):
                    raise outcome
            waiting = again

    def _ask(
        self, letter: Letter, person: Person, wished: Rhythm, after: datetime
    ) -> tuple[Ask, datetime]:
        """What to ask for one letter, and after when to look for a digest if that one is closed."""
        if wished == "immediate":
            return self.letters.ask(letter.id, partial(write, letter)), after
        if wished == "never":
            return self.letters.ask(letter.id, partial(digests.leave_unsent, letter)), after
        into, leaves = digests.digest_for(person, wished, after=after, at=self.digests_at)
        places = self.letters.at(letter.id), self.letters.at(into.id)
        return Ask(places, partial(digests.gather, letter, into=into)), leaves

    async def _contents(self, letter: Letter, person: Person) -> Contents:
        """What is left of a digest or a recap; nothing: it does not leave."""
        if letter.template == "digest":
            return await self._gathered(letter, person)
        day, held = today(), await self.rights.of_user(person.id)
        attached_to = {one.structure_id for one in held if one.valid(day)}
        return Contents(movements=recaps.still_seen(letter.movements, attached_to))

    async def _gathered(self, digest: Letter, person: Person) -> Contents:
        where = {"digest_id": digest.id, "status": "gathered"}
        told, more, read, cursor = list[Letter](), 0, 0, ""
        while read < MOST_READ or not told:
            asked = Asked(cursor, READ_AT_ONCE)
            found, following = await page(
                self.letters, where, asked, by="created_at", descending=False
            )
            of_use = await self._of_use(await self.muting.without_muted(found), person)
            left = MOST_SHOWN - len(told)
            told += of_use[:left]
            more += len(of_use[left:])
            if following is None:
                return Contents(tuple(told), more)
            read, cursor = read + len(found), following
        every = await self.letters.documents.count_documents(where)
        return Contents(tuple(told), more + max(every - read, 0))

    async def _of_use(self, letters: Sequence[Letter], person: Person) -> list[Letter]:
        """Of these, all to one person, those they still may and wish to read."""
        subjects = {subject for one in letters for subject in one.subjects}
        settled = await self.settled.many([*subjects])
        asking = {one.id for one in letters if _hangs_on_rights(one)}
        rights: dict[str, Rights] = {}
        if asking:
            known = await self.rights.of_user(person.id)
            rights = {one.structure_id: one for one in known}
        day = today()

        def may_read(one: Letter) -> bool:
            standing = digests.of_what_stands(one, settled)
            return one.id not in asking or concerns(rights.get(one.structure_id), standing, day)

        return list(filter(may_read, digests.of_use(letters, person, settled=settled)))

    async def record(
        self, claimed: Letter, outcome: Callable[..., Change[Letter]], **found: Any
    ) -> None:
        """What came of an attempt at a letter."""
        kept = await self.letters.change(
            claimed.id, lambda current: outcome(claimed, current, **found)
        )
        metrics.attempted(kept)
