"""Gives a duplicate the manager and the rattachements of its model, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog

from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.days import day_of
from kit.problems import Problem, Unavailable
from kit.workers import Worker
from services.users.domain import duplications
from services.users.domain.accounts import Account
from services.users.domain.duplications import Duplication, copied_request_id
from services.users.domain.habilitation_history import recorded
from services.users.domain.management import Management
from services.users.domain.rattachements import Defaults, Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure
from services.users.domain.units import Unit, known_unit_id
from services.users.identity import NOBODY
from services.users.membership import Membership

log = structlog.get_logger(__name__)

AT_ONCE: Final = 200
PATIENCE: Final = 30
"""Seconds in which what was told in other slices is heard, unless it was never told."""


@dataclass(frozen=True, slots=True)
class Copying:
    membership: Membership
    accounts: Collection[Account]
    defaults: Defaults

    def worker(self) -> Worker[Duplication]:
        return Worker(self.membership.duplications, duplications.claim, self.work, at_once=2)

    async def work(self, duplication: Duplication) -> None:
        """Each rattachement is a decision of its own: together they could be one too large."""
        if duplication.appoints:
            duplication = await self._appoint(duplication)
        if not duplication.copies:
            return
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

    async def _appoint(self, duplication: Duplication) -> Duplication:
        of, model = self.membership, duplication.model_id
        if not await _in_time(partial(self._knows, model)):
            raise Unavailable("It is not known yet who manages the model.")
        managed = await of.management.find(model)
        user = managed.principal_manager_id if managed else None
        kept, *_ = await of.committer.keep(self._appointing(duplication, user))
        appointed: Duplication = kept
        return appointed

    async def _knows(self, model: str) -> bool:
        """It may be a duplicate itself, whose manager is being found."""
        itself = await self.membership.duplications.find(model)
        known = await self.membership.structures.find(model)
        return known is not None and not (itself and itself.appoints)

    def _appointing(self, duplication: Duplication, user_id: str | None) -> Ask:
        of, id, user = self.membership, duplication.id, user_id or NOBODY

        def decide(
            current: Duplication | None,
            of_model: Management | None,
            structure: Structure | None,
            *rest: Any,
        ) -> tuple[Change[Any], ...]:
            *states, entry = rest
            kept, *changes = duplications.appoint_the_models(
                current, of_model, structure, *states, user_id=user_id, defaults=self.defaults
            )
            given = recorded(
                states[2],
                changes[2],
                entry,
                id=id,
                cause="management",
                by=user_id,
                at=duplication.at,
            )
            return kept, Change(of_model), Change(structure), *changes, given

        places = (
            of.duplications.at(id),
            of.management.at(duplication.model_id),
            of.structures.at(id),
            of.management.at(id),
            of.requests.at(id),
            of.rattachements.at(rattachement_id(user, id)),
            self.accounts.at(user),
            of.habilitation_history.at(id),
        )
        return Ask(places, decide)

    async def _until_its_units_are_heard_of(self, duplication: Duplication) -> None:
        """Those that were not carried over never are."""
        units = self.membership.units
        theirs = await units.select({"structure_id": duplication.model_id, "over": False})
        ours = [known_unit_id(duplication.id, one.code) for one in theirs]

        async def known() -> bool:
            return len(await units.load(ours)) == len(ours)

        await _in_time(known)

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


async def _in_time(so: Callable[[], Awaitable[bool]]) -> bool:
    since = asyncio.get_running_loop().time()
    while not (found := await so()):
        if asyncio.get_running_loop().time() > since + PATIENCE:
            break
        await asyncio.sleep(0.1)
    return found
