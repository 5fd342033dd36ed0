"""Structures, changed only together with their history."""

from functools import partial

from kit.clock import now
from kit.collection import Ask, Place
from kit.http import new_entity_id
from kit.mongo import IndexModel
from kit.service import Service
from kit.workers import Timer
from services.structures.domain.changes import Asked, first_due, take_effect
from services.structures.domain.history import Decides, Entry, recorded
from services.structures.domain.structures import Structure
from services.structures.settings import StructuresSettings
from services.structures.views import structures


class Records:
    """What is known of structures, and who changed it."""

    def __init__(self, service: Service[StructuresSettings]) -> None:
        self.structures = structures(service)
        self.history = service.collection(
            "history",
            Entry,
            indexes=[
                IndexModel([("structure_id", 1), ("at", -1), ("_id", -1)]),
                IndexModel([("by", 1), ("_id", 1)]),
            ],
        )
        self._committer = service.committer
        self._waits = service.settings.changes_effective_after

    def asked(self, by: str) -> Asked:
        return Asked(by=by, at=now(), waits=self._waits)

    async def change(
        self,
        id: str,
        decide: Decides,
        *beside: Place,
        asked: Asked,
        if_match: int | None = None,
    ) -> Structure:
        """``beside``: what else the decision rests on."""
        entry = new_entity_id()
        both = recorded(entry, decide, by=asked.by, asked_at=asked.at, at=asked.at)
        places = (self.structures.at(id), self.history.at(entry), *beside)
        structure: Structure
        structure, *_ = await self._committer.keep(Ask(places, both, if_match))
        return structure

    def timer(self) -> Timer[Structure]:
        """Puts in force what waited."""
        return Timer(self.structures, wake=self._wake)

    def _wake(self, structure: Structure) -> Ask:
        at = now()
        due = first_due(structure, at)
        # Another process may wake the same state: it meets the entry of the first.
        entry = f"{structure.id}:{structure.version}"
        both = recorded(
            entry,
            partial(take_effect, now=at),
            by=due.by if due else "",
            asked_at=due.asked_at if due else at,
            at=at,
        )
        return Ask((self.structures.at(structure.id), self.history.at(entry)), both)
