"""Writes to all whom a notice is for, a page at a time, and goes on where it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from kit.clock import now, today
from kit.collection import Collection
from kit.pages import Asked
from kit.rights import Rights, RightsCopy
from kit.workers import Worker
from services.notifications.domain import notices
from services.notifications.domain.letters import write
from services.notifications.domain.notices import Notice, letter_on
from services.notifications.domain.people import Person
from services.notifications.gathering import Gathering, concerns

AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Spreading:
    notices: Collection[Notice]
    people: Collection[Person]
    rights: RightsCopy
    gathering: Gathering

    def worker(self) -> Worker[Notice]:
        return Worker(self.notices, claim=notices.claim, work=self.spread, at_once=4)

    async def spread(self, notice: Notice) -> None:
        while notice.wake_at:
            some, following = await self._next(notice)
            await self._write(notice, some)
            notice = await self.notices.change(
                notice.id, partial(notices.spread, notice, cursor=following, now=now())
            )

    async def _next(self, notice: Notice) -> tuple[list[Rights], str | None]:
        """The next of those it may be for, and where to go on."""
        structure_id, users = notice.said.structure_id, notice.said.users
        if notice.said.unless and await self._reached(notice.said.unless, structure_id):
            return [], None
        if users and not notice.cursor:
            found = [one for id in users if (one := await self.rights.of(id, structure_id))]
            if not notice.said.or_all or any(_is_for(one, notice) for one in found):
                return found, None
        return await self.rights.attached_to(structure_id, Asked(notice.cursor, AT_ONCE))

    async def _reached(self, user_id: str, structure_id: str) -> bool:
        held = await self.rights.of(user_id, structure_id)
        if held is None or not held.valid(today()):
            return False
        somebody = await self.people.find(user_id)
        return somebody is None or somebody.active

    async def _write(self, notice: Notice, some: Sequence[Rights]) -> None:
        letters = [letter_on(notice, one.user_id) for one in some if _is_for(one, notice)]
        known = await self.people.many([one.recipient_id for one in letters])
        await self.gathering.write(
            (one, known[one.recipient_id])
            for one in letters
            if one.recipient_id in known and known[one.recipient_id].active
        )
        # Who somebody is comes on another key: the letter waits for it.
        for one in letters:
            if one.recipient_id not in known:
                await self.gathering.letters.change(one.id, partial(write, one))


def _is_for(rights: Rights, notice: Notice) -> bool:
    said, day = notice.said, today()
    if said.level:
        return rights.may(said.application, said.level, day, unit=said.unit)
    return concerns(rights, letter_on(notice, rights.user_id), day)
