"""Copies the rattachements of a structure that was duplicated, however many, a few at a time."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog

from kit.change import Change
from kit.clock import now
from kit.collection import Ask
from kit.days import day_of
from kit.problems import Problem, Unavailable
from kit.workers import Worker
from services.users.domain import duplications
from services.users.domain.duplications import Duplication, copied_request_id
from services.users.domain.habilitation_history import recorded
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure
from services.users.domain.units import Unit, known_unit_id
from services.users.membership import Membership

log = structlog.get_logger(__name__)

AT_ONCE: Final = 200
UNITS_PATIENCE: Final = 30
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Copying:
    membership: Membership

    def worker(self) -> Worker[Duplication]:
        return Worker(self.membership.duplications, duplications.claim, self.work, at_once=2)

    async def work(self, duplication: Duplication) -> None:
        """Each rattachement is a decision of its own: together they could be one too large."""
        await self._until_its_units_are_heard_of(duplication)
        after = duplication.after
        while batch := await self._following(duplication, after):
            asks = [self._ask(duplication, one) for one in batch]
            outcomes = await self.membership.committer.keep_all(asks)
            for one, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Problem) and not isinstance(outcome, Unavailable):
                    # No repetition would make it possible, and others wait behind it.
                    log.error("unable to copy", rattachement=one.id, exc_info=outcome)
                elif isinstance(outcome, BaseException):
                    raise outcome
            after = batch[-1].id
            noted = partial(duplications.dealt_with, after=after, now=now())
            await self.membership.duplications.change(duplication.id, noted)
        await self.membership.duplications.change(duplication.id, duplications.end)

    async def _until_its_units_are_heard_of(self, duplication: Duplication) -> None:
        """They are told in other slices; those that were not carried over, never."""
        units, since = self.membership.units, asyncio.get_running_loop().time()
        theirs = await units.select({"structure_id": duplication.model_id, "over": False})
        ours = [known_unit_id(duplication.id, one.code) for one in theirs]
        while len(await units.load(ours)) < len(ours):
            if asyncio.get_running_loop().time() > since + UNITS_PATIENCE:
                return
            await asyncio.sleep(0.1)

    async def _following(self, duplication: Duplication, after: str) -> list[Rattachement]:
        where = {"structure_id": duplication.model_id, "_id": {"$gt": after}}
        return await self.membership.rattachements.select(where, sort=[("_id", 1)], most=AT_ONCE)

    def _ask(self, duplication: Duplication, source: Rattachement) -> Ask:
        of, user, at = self.membership, source.user_id, duplication.at
        codes, id = duplications.named_units(source), copied_request_id(duplication.id, user)

        def decide(
            request: RattachementRequest | None,
            tie: Rattachement | None,
            source: Rattachement | None,
            structure: Structure | None,
            *rest: Any,
        ) -> tuple[Change[Any], ...]:
            entry, *units = rest
            known: dict[str, Unit | None] = dict(zip(codes, units, strict=True))
            copied = duplications.copy(source, request, tie, structure, known, at=at, on=day_of(at))
            given = recorded(tie, copied[1], entry, id=id, cause="attached", by=None, at=at)
            return *copied, Change(source), Change(structure), given, *map(Change, units)

        return Ask(
            (
                of.requests.at(id),
                of.rattachements.at(rattachement_id(user, duplication.id)),
                of.rattachements.at(source.id),
                of.structures.at(duplication.id),
                of.habilitation_history.at(id),
                *(of.units.at(known_unit_id(duplication.id, code)) for code in codes),
            ),
            decide,
        )
