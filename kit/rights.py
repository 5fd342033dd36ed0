"""A service's own copy of who may do what, and how far it may be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from contracts.users import Habilitation, RightsChanged, Role
from kit.change import Change, Entity
from kit.collection import Ask, Place
from kit.days import within
from kit.mongo import IndexModel

if TYPE_CHECKING:
    from kit.service import Service

ORGANISATION = "organisation"
"""The application whose level *modification* delegates the management of a structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights(Entity):
    """All that one user may do in one structure. ``blocked``: a newer fact could not be read."""

    user_id: str = ""
    structure_id: str = ""
    role: Role | None = None
    units: tuple[str, ...] = ()
    habilitations: tuple[Habilitation, ...] = ()
    may_approve: bool = True
    valid_from: date | None = None
    valid_until: date | None = None
    told: int = 0
    """The version that users gave this state."""
    blocked: bool = False

    def valid(self, on: date) -> bool:
        """Whether the user is attached on this day."""
        return (
            not self.blocked and bool(self.role) and within(self.valid_from, self.valid_until, on)
        )

    def manages(self, on: date) -> bool:
        """The principal manager, or a holder of Organisation modification (HAB, 8.2)."""
        return self.valid(on) and (
            self.role == "principal_manager"
            or any(
                one.application == ORGANISATION
                and one.level == "modification"
                and one.unit is None
                and within(one.valid_from, one.valid_until, on)
                for one in self.habilitations
            )
        )

    def opens(self, application: str, on: date) -> bool:
        """Whether an application is open to them that day, at any level, anywhere here."""
        return any(
            one.application == application and within(one.valid_from, one.valid_until, on)
            for one in self.habilitations
        )

    def approves(self, on: date) -> bool:
        """Who manages decides on approvals, unless the principal manager withdrew it."""
        return self.manages(on) and (self.role == "principal_manager" or self.may_approve)


def applied(event: RightsChanged, current: Rights | None) -> Change[Rights]:
    """What an event says, unless something newer is known."""
    if current and current.told >= event.version:
        return Change(replace(current, blocked=False))
    return Change(
        replace(
            current or Rights(id=event.rattachement_id),
            user_id=event.user_id,
            structure_id=event.structure_id,
            role=event.role,
            units=event.units,
            habilitations=event.habilitations,
            may_approve=event.may_approve,
            valid_from=event.valid_from,
            valid_until=event.valid_until,
            told=event.version,
            blocked=False,
        )
    )


def blocked(id: str, current: Rights | None) -> Change[Rights]:
    """Nothing may be done on the strength of what was known before an unreadable fact."""
    return Change(replace(current or Rights(id=id), blocked=True))


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
        )
        self.entities = service.collection("rights", Rights, indexes=indexes)

    def place(self, event: RightsChanged) -> Place:
        return self.entities.at(event.rattachement_id)

    def hear(self, event: RightsChanged) -> Ask:
        return self.entities.ask(event.rattachement_id, lambda current: applied(event, current))

    def otherwise(self, key: str) -> Ask:
        """What to keep when a fact about rights must be set aside."""
        return self.entities.ask(key, lambda current: blocked(key, current))

    async def of(self, user_id: str, structure_id: str) -> Rights | None:
        await self._heard.require_fresh(RightsChanged.topic())
        return await self.entities.find(f"{user_id}:{structure_id}")

    async def of_user(self, user_id: str) -> tuple[Rights, ...]:
        """Every structure the user has or had to do with."""
        await self._heard.require_fresh(RightsChanged.topic())
        return tuple(await self.entities.select({"user_id": user_id}))

    async def principal_manager(self, structure_id: str, on: date) -> str | None:
        """One at most: of two, while a transfer is still being heard, the newer."""
        await self._heard.require_fresh(RightsChanged.topic())
        where = {"structure_id": structure_id, "role": "principal_manager"}
        held = [one for one in await self.entities.select(where) if one.valid(on)]
        newest = max(held, key=lambda one: (one.valid_from or date.min, one.user_id), default=None)
        return newest.user_id if newest else None
