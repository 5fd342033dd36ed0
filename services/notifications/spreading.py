"""Writes of an invoice to all whom it is for, a page at a time, and goes on where it was."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from kit.clock import now, today
from kit.collection import Collection
from kit.pages import Asked
from kit.rights import Rights, RightsCopy
from kit.workers import Worker
from services.notifications.domain import notices
from services.notifications.domain.letters import Letter, write
from services.notifications.domain.notices import Notice, letter_on
from services.notifications.domain.people import Person
from services.notifications.gathering import Gathering, concerns

AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Spreading:
    notices: Collection[Notice]
    people: Collection[Person]
    letters: Collection[Letter]
    rights: RightsCopy
    gathering: Gathering

    def worker(self) -> Worker[Notice]:
        return Worker(self.notices, claim=notices.claim, work=self.spread, at_once=4)

    async def spread(self, notice: Notice) -> None:
        while notice.wake_at:
            said = notice.said
            page = Asked(notice.cursor, AT_ONCE)
            attached, following = await self.rights.attached_to(said.structure_id, page)
            await self._write(notice, attached)
            notice = await self.notices.change(
                notice.id, partial(notices.spread, notice, cursor=following, now=now())
            )

    async def _write(self, notice: Notice, attached: list[Rights]) -> None:
        day, chosen = today(), notice.said.users
        letters = [
            letter
            for one in attached
            if (not chosen or one.user_id in chosen)
            and concerns(one, letter := letter_on(notice, one.user_id), day)
        ]
        known = await self.people.many([one.recipient_id for one in letters])
        await self.gathering.write(
            (one, known[one.recipient_id])
            for one in letters
            if one.recipient_id in known and known[one.recipient_id].active
        )
        # Who somebody is comes on another key: the letter waits for it.
        for one in letters:
            if one.recipient_id not in known:
                await self.letters.change(one.id, partial(write, one))
