"""A service's own copy of who may do what, and how far it may be trusted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from pydantic import TypeAdapter

from contracts.users import Habilitation, Level, Line, RightsChanged, Role
from kit import entitled
from kit.change import Change, Entity
from kit.clock import now, today
from kit.collection import Ask, Collection, Place
from kit.entitled import ORGANISATION
from kit.mongo import IndexModel
from kit.pages import Asked, page

if TYPE_CHECKING:
    from collections.abc import Collection as Several

    from kit.service import Service

M = TypeVar("M")

__all__ = ["ORGANISATION", "Rights", "RightsCopy", "applied", "blocked"]

MANY: Final = 100
"""From so many structures on, what was read of somebody is remembered."""
REMEMBERED: Final = 30_000
"""Rights at most, a kilobyte each."""
_ALIKE: Final[dict[str, TypeAdapter[Any]]] = {
    "lines": TypeAdapter(tuple[Line, ...]),
    "habilitations": TypeAdapter(tuple[Habilitation, ...]),
}
AT_ONCE: Final = 10_000
"""Rights that come in one reply, of which the database makes no more than 16 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights(Entity):
    """All that one user may do in one structure. ``blocked``: a newer fact could not be read."""

    user_id: str = ""
    structure_id: str = ""
    role: Role | None = None
    lines: tuple[Line, ...] = ()
    habilitations: tuple[Habilitation, ...] = ()
    may_approve: bool = True
    since: datetime | None = None
    """When it was first heard here that the user is attached, as they have been since."""
    told: int = 0
    """The version that users gave this state."""
    blocked: bool = False
    units: tuple[str, ...] = ()
    """With its two dates: what was told, or kept, before there were lines; read as lines."""
    valid_from: date | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        if self.role and not self.lines:
            lines = tuple(
                Line(
                    unit=unit,
                    valid_from=self.valid_from or date.min,
                    valid_until=self.valid_until,
                )
                for unit in self.units or (None,)
            )
            object.__setattr__(self, "lines", lines)
        for name, nothing in (("units", ()), ("valid_from", None), ("valid_until", None)):
            object.__setattr__(self, name, nothing)

    def valid(self, on: date) -> bool:
        """Whether the user is attached on this day, be it to one unit."""
        return not self.blocked and entitled.attached(self, on)

    def covers(self, unit: str | None, on: date) -> bool:
        """Whether the user is attached to this unit that day; None asks for the whole."""
        return not self.blocked and entitled.covers(self, unit, on)

    def administers(self, on: date) -> frozenset[str | None]:
        """The units whose users they administer that day; with None the whole structure."""
        return frozenset() if self.blocked else entitled.administers(self, on)

    def limited_to(self, on: date) -> tuple[str, ...]:
        """Of whoever approves that day: the only units they decide on; none: on the whole."""
        return entitled.limited_to(self, on)

    def manages(self, on: date) -> bool:
        """The principal manager, or a holder of Organisation modification on the whole (8.2)."""
        return not self.blocked and entitled.manages(self, on)

    def may(self, application: str, level: Level, on: date, *, unit: str | None = None) -> bool:
        """Whether they may use an application at this level there; no unit: on the whole."""
        found = None if self.blocked else entitled.grant(self, application, level, unit, on)
        return found is not None

    def opens(self, application: str, on: date) -> bool:
        """Whether an application is open to them that day, at any level, anywhere here."""
        return not self.blocked and entitled.opens(self, application, on)

    def approves(self, on: date) -> bool:
        """Who administers decides on approvals, unless the principal manager withdrew it."""
        return bool(self.administers(on)) and (self.role == "principal_manager" or self.may_approve)

    def decides(self, units: Several[str] | None, on: date) -> bool:
        """Whether they answer that day what is about these units alone; None: it is not known."""
        within = units is None or entitled.reaches(self.limited_to(on), units)
        return within and self.approves(on)


def applied(
    event: RightsChanged, current: Rights | None, *, at: datetime | None = None
) -> Change[Rights]:
    """What an event heard ``at`` that moment says, unless something newer is known."""
    if current and current.told >= event.version:
        return Change(replace(current, blocked=False))
    return Change(
        replace(
            current or Rights(id=event.rattachement_id),
            user_id=event.user_id,
            structure_id=event.structure_id,
            role=event.role,
            lines=event.lines,
            habilitations=event.habilitations,
            may_approve=event.may_approve,
            # Of no account where there are lines.
            units=event.units,
            valid_from=event.valid_from,
            valid_until=event.valid_until,
            since=_since(event, current, at),
            told=event.version,
            blocked=False,
        )
    )


def _since(event: RightsChanged, current: Rights | None, at: datetime | None) -> datetime | None:
    if not event.role:
        return None
    return current.since if current and current.role else at


def blocked(id: str, current: Rights | None) -> Change[Rights]:
    """Nothing may be done on the strength of what was known before an unreadable fact."""
    return Change(replace(current or Rights(id=id), blocked=True))


_GROUPED: Final = {
    # What somebody holds is mostly alike in thousands of structures: sent, parsed and kept once.
    "$group": {
        "_id": {name: f"${name}" for name in _ALIKE},
        "held": {
            "$push": {
                name: f"${name}"
                for name in ("_id", *(one.name for one in fields(Rights)))
                if name not in ("id", *_ALIKE)
            }
        },
    }
}


class _Read(NamedTuple):
    held: tuple[Rights, ...]
    made: dict[Callable[..., Any], tuple[date, Any]]
    """What was made of them, by what, for which day."""


class _Remembered:
    """
    What was read of people in many structures, for as long as none of it has changed.

    That is asked of the database each time, and soon told: versions only rise and rights are
    never forgotten, so that how many there are and the sum of their versions tell all states apart.
    """

    def __init__(self, entities: Collection[Rights]) -> None:
        self._entities = entities
        self._of: OrderedDict[str, _Read] = OrderedDict()

    async def of(self, user_id: str) -> _Read:
        # Taken before the database is asked: what somebody else reads meanwhile, and began to
        # read before, may be older than what it answers here.
        read = self._of.get(user_id)
        if read is None or not await self._unchanged(user_id, read.held):
            read = _Read(await self._read(user_id), {})
        if len(read.held) >= MANY:
            self._keep(user_id, read)
        return read

    async def _unchanged(self, user_id: str, held: tuple[Rights, ...]) -> bool:
        sums = {"many": {"$sum": 1}, "versions": {"$sum": "$version"}}
        rows = await self._entities.computed(
            {"$match": {"user_id": user_id}}, {"$group": {"_id": None} | sums}
        )
        return [(one["many"], one["versions"]) for one in rows] == [
            (len(held), sum(one.version for one in held))
        ]

    async def _read(self, user_id: str) -> tuple[Rights, ...]:
        held, last = list[Rights](), ""
        while True:
            rows = await self._entities.computed(
                {"$match": {"user_id": user_id, "structure_id": {"$gt": last}}},
                {"$sort": {"structure_id": 1}},
                {"$limit": AT_ONCE},
                _GROUPED,
            )
            found = [self._entities.state(one) for row in rows for one in _each(row)]
            held += sorted(found, key=lambda one: one.structure_id)
            if len(found) < AT_ONCE:
                return tuple(held)
            last = held[-1].structure_id

    def _keep(self, user_id: str, read: _Read) -> None:
        self._of[user_id] = read
        self._of.move_to_end(user_id)
        while sum(len(one.held) for one in self._of.values()) > REMEMBERED:
            self._of.popitem(last=False)


def _each(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    alike = {
        name: kind.validate_python(row["_id"].get(name) or ()) for name, kind in _ALIKE.items()
    }
    return (one | alike for one in row["held"])


class RightsCopy:
    """
    The copy as a service asks it.

    Every question raises TooStale (503) when users has not been heard for ``rights_max_age``.
    """

    def __init__(self, service: Service) -> None:
        self._heard = service.heard
        indexes = (
            IndexModel([("user_id", 1), ("structure_id", 1)]),
            IndexModel([("structure_id", 1), ("role", 1)]),
            IndexModel([("structure_id", 1), ("_id", 1)]),
        )
        self.entities = service.collection("rights", Rights, indexes=indexes)
        self._remembered = _Remembered(self.entities)

    def place(self, event: RightsChanged) -> Place:
        return self.entities.at(event.rattachement_id)

    def hear(self, event: RightsChanged) -> Ask:
        at = now()
        return self.entities.ask(
            event.rattachement_id, lambda current: applied(event, current, at=at)
        )

    def otherwise(self, key: str) -> Ask:
        """What to keep when a fact about rights must be set aside."""
        return self.entities.ask(key, lambda current: blocked(key, current))

    async def require_fresh(self) -> None:
        """Of whoever reads what follows from rights without reading the copy itself."""
        await self._heard.require_fresh(RightsChanged.topic())

    async def of(self, user_id: str, structure_id: str) -> Rights | None:
        await self.require_fresh()
        return await self.entities.find(f"{user_id}:{structure_id}")

    async def of_user(self, user_id: str) -> tuple[Rights, ...]:
        """Every structure the user has or had to do with."""
        await self.require_fresh()
        return (await self._remembered.of(user_id)).held

    async def made_of_user(
        self, user_id: str, make: Callable[[tuple[Rights, ...], date], M], on: date
    ) -> M:
        """What all rights of the user come to that day; remembered as long as they are."""
        await self.require_fresh()
        held, made = await self._remembered.of(user_id)
        if make not in made or made[make][0] != on:
            made[make] = on, make(held, on)
        remade: M = made[make][1]
        return remade

    async def principal_manager(self, structure_id: str, on: date) -> str | None:
        """One at most: of two, while a transfer is still being heard, the newer."""
        await self.require_fresh()
        where = {"structure_id": structure_id, "role": "principal_manager"}
        held = [one for one in await self.entities.select(where) if one.valid(on)]
        newest = max(held, key=_began, default=None)
        return newest.user_id if newest else None

    async def attached_to(self, structure_id: str, asked: Asked) -> tuple[list[Rights], str | None]:
        """A page of those attached to a structure today."""
        await self.require_fresh()
        day = today().isoformat()
        stands = {
            "$and": [
                {"$or": [{"valid_from": None}, {"valid_from": {"$lte": day}}]},
                {"$or": [{"valid_until": None}, {"valid_until": {"$gte": day}}]},
            ]
        }
        where = {
            "structure_id": structure_id,
            "role": {"$ne": None},
            "blocked": False,
            # The second: kept before there were lines.
            "$or": [{"lines": {"$elemMatch": stands}}, {"lines": {"$in": [None, []]}} | stands],
        }
        return await page(self.entities, where, asked, descending=False)


def _began(one: Rights) -> tuple[date, str]:
    return min(line.valid_from for line in one.lines), one.user_id
