"""Writes the weekly recap of movements to those attached to the structures they happened in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from kit.change import Change
from kit.clock import now, today
from kit.collection import Collection
from kit.committer import Committer
from kit.rights import RightsCopy
from kit.workers import Worker
from services.notifications.domain import recaps
from services.notifications.domain.letters import Letter, Moved, write
from services.notifications.domain.movements import Movement
from services.notifications.domain.people import Person


@dataclass(frozen=True, slots=True)
class Recapping:
    committer: Committer
    people: Collection[Person]
    letters: Collection[Letter]
    movements: Collection[Movement]
    rights: RightsCopy
    digests_at: time

    def worker(self) -> Worker[Person]:
        return Worker(self.people, claim=recaps.claim, work=self.recap, at_once=20)

    async def recap(self, person: Person) -> None:
        at = now()
        since, until = recaps.window(person, at)
        moved = await self._moved(await self._structures_of(person), since, until)
        letter = recaps.recap(person, moved, since=since, until=until, now=at)

        def decide(
            current: Person | None, written: Letter | None
        ) -> tuple[Change[Person], Change[Letter]]:
            told = recaps.recapped(person, current, until=until, now=at, at=self.digests_at)
            nothing = not moved or told.state == current
            return told, Change(written) if nothing else write(letter, written)

        places = self.people.at(person.id), self.letters.at(letter.id)
        await self.committer.change_together(places, decide)

    async def _structures_of(self, person: Person) -> list[str]:
        day = today()
        held = await self.rights.of_user(person.id)
        return sorted(one.structure_id for one in held if one.valid(day))

    async def _moved(
        self, structure_ids: Sequence[str], since: datetime, until: datetime
    ) -> list[Moved]:
        """How much happened in each of these in that time, by the names of structures."""
        if not structure_ids:
            return []
        here: dict[str, Any] = {"structure_ids": {"$in": [*structure_ids]}}
        rows = await self.movements.computed(
            {"$match": here | {"heard_at": {"$gte": since, "$lt": until}}},
            {"$unwind": "$structure_ids"},
            {"$match": here},
            {
                "$group": {
                    "_id": {"structure": "$structure_ids", "kind": "$kind"},
                    "count": {"$sum": 1},
                }
            },
        )
        names = await self._names(sorted({one["_id"]["structure"] for one in rows}))
        return sorted(
            (
                Moved(
                    structure=names.get(one["_id"]["structure"], ""),
                    kind=one["_id"]["kind"],
                    count=one["count"],
                    structure_id=one["_id"]["structure"],
                )
                for one in rows
            ),
            key=lambda one: (one.structure.casefold(), one.kind),
        )

    async def _names(self, structure_ids: Sequence[str]) -> dict[str, str]:
        """What each was called when something that named it last happened there."""
        named = {"structure_ids": {"$in": [*structure_ids]}, "name": {"$ne": ""}}
        rows = await self.movements.computed(
            {"$match": named},
            {"$sort": {"heard_at": 1}},
            {"$group": {"_id": {"$first": "$structure_ids"}, "name": {"$last": "$name"}}},
        )
        return {one["_id"]: one["name"] for one in rows}
