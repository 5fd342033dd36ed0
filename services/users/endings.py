"""Taking away what is limited to a unit that is over, a batch at a time."""

from collections.abc import Callable
from typing import Any

from kit.change import Change, Entity
from kit.clock import now
from kit.collection import Ask, Collection
from services.users.domain import habilitation_requests, rattachements, requests, units
from services.users.domain.habilitation_history import recorded
from services.users.domain.rattachements import Rattachement
from services.users.domain.units import Unit
from services.users.membership import Membership

AT_ONCE = 500

UnitEnded = Callable[[Any, str], Change[Any]]


class Endings:
    """
    Works through everything that names the unit, however many; each is kept by itself.

    Requests come first: what is granted until their turn is then found among the rattachements.
    """

    def __init__(self, membership: Membership) -> None:
        self._of = membership

    async def take_away(self, over: Unit) -> None:
        code, of_structure = over.code, {"structure_id": over.structure_id}
        waiting = of_structure | {"extent.units": code, "status": "requested"}
        limited = {"$or": [{"named_units": code}, {"named_units": None} | _kept_before(code)]}
        await self._each(self._of.requests, waiting, over, requests.unit_ended)
        asked = of_structure | {"given.unit": code, "status": "requested"}
        await self._each(
            self._of.habilitation_requests, asked, over, habilitation_requests.unit_ended
        )
        await self._each(self._of.rattachements, of_structure | limited, over)
        await self._of.units.change(over.id, lambda current: units.done(over, current))

    async def _each(
        self,
        among: Collection[Any],
        where: dict[str, Any],
        over: Unit,
        ended: UnitEnded | None = None,
    ) -> None:
        after = ""
        while found := await self._next(among, where, after):
            asks = [
                self._ask(among, one, over, ended) if ended else self._detach(one, over)
                for one in found
            ]
            for outcome in await self._of.committer.keep_all(asks):
                if isinstance(outcome, BaseException):
                    raise outcome
            after = found[-1].id

    async def _next(
        self, among: Collection[Any], where: dict[str, Any], after: str
    ) -> list[Entity]:
        following = where | {"_id": {"$gt": after}}
        return await among.select(following, sort=[("_id", 1)], most=AT_ONCE)

    def _ask(self, among: Collection[Any], one: Entity, over: Unit, ended: UnitEnded) -> Ask:
        def decide(current: Any, unit: Unit | None) -> tuple[Change[Any], ...]:
            # Active again meanwhile: what still stands may stay.
            if unit is None or not unit.over:
                return Change(current), Change(unit)
            return ended(current, over.code), Change(unit)

        return Ask((among.at(one.id), self._of.units.at(over.id)), decide)

    def _detach(self, tie: Entity, over: Unit) -> Ask:
        """The same, and what it takes of habilitations is kept in their history."""
        detach = self._ask(self._of.rattachements, tie, over, rattachements.unit_ended)
        id, at = f"{tie.id}:{over.code}:{tie.version}", now()

        def decide(current: Rattachement | None, *rest: Any) -> tuple[Change[Any], ...]:
            unit, entry = rest
            left, same = detach.decide(current, unit)
            taken = recorded(current, left, entry, id=id, cause="ended", by=None, at=at)
            return left, same, taken

        return Ask((*detach.places, self._of.habilitation_history.at(id)), decide)


def _kept_before(code: str) -> dict[str, Any]:
    """What picks those that name it, of rattachements that were kept without ``named_units``."""
    where = ("lines.unit", "habilitations.unit", "waiting.habilitation.unit", "extent.units")
    return {"$or": [{field: code} for field in where]}
