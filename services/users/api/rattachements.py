"""Asking to be attached to a structure, and seeing what became of it."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from kit import clock
from kit.change import Change
from kit.http import Person, may_answer, new_entity_id
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from services.users import views
from services.users.domain.lines import Extent
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import (
    AlreadyAttached,
    AlreadyRequested,
    InactiveStructure,
    RattachementRequest,
    Status,
    UnknownStructure,
    UnknownUnits,
    WrongDates,
    ask,
)
from services.users.domain.structures import Structure
from services.users.domain.units import Unit as KnownUnit
from services.users.domain.units import known_unit_id
from services.users.membership import Membership
from services.users.views import MyRattachement

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Unit = Annotated[str, StringConstraints(min_length=1, max_length=50)]


def _distinct(units: tuple[str, ...]) -> tuple[str, ...]:
    if len({*units}) < len(units):
        raise ValueError("Each unit may be named once only.")
    return units


class Wanted(BaseModel):
    """Which structure, or which of its units, and from when to when."""

    structure_id: Id
    units: Annotated[tuple[Unit, ...], AfterValidator(_distinct)] = Field(
        (), max_length=100, description="None: the whole structure."
    )
    valid_from: date
    valid_until: date | None = Field(None, description="Included; for ever when absent.")
    comment: str = Field("", max_length=1000, description="For those who decide.")

    @property
    def extent(self) -> Extent:
        return Extent(
            units=self.units, valid_from=self.valid_from, valid_until=self.valid_until
        )


def rattachement_routes(membership: Membership) -> APIRouter:
    routes = APIRouter(prefix="/v1/rattachements", tags=["rattachements"])

    @routes.post(
        "",
        status_code=202,
        responses=may_answer(
            UnknownStructure,
            InactiveStructure,
            AlreadyRequested,
            AlreadyAttached,
                    UnknownUnits,
            WrongDates,
        ),
    )
    async def request(wanted: Wanted, caller: Person) -> MyRattachement:
        """Ask to be attached to a structure; its managers decide."""
        id, today, now = new_entity_id(), clock.today(), clock.now()

        def decide(
            structure: Structure | None,
            current: RattachementRequest | None,
            rattachement: Rattachement | None,
            *units: KnownUnit | None,
        ) -> tuple[Change[Any], ...]:
            changes = ask(
                structure,
                current,
                rattachement,
                *units,
                id=id,
                user_id=caller.user_id,
                extent=wanted.extent,
                comment=wanted.comment,
                today=today,
                now=now,
            )
            return Change(structure), *changes, *(Change(one) for one in units)

        _, asked, tie, *_ = await membership.committer.change_together(
            (
                membership.structures.at(wanted.structure_id),
                membership.requests.at(id),
                membership.rattachements.at(rattachement_id(caller.user_id, wanted.structure_id)),
                *(
                    membership.units.at(known_unit_id(wanted.structure_id, code))
                    for code in wanted.units
                ),
            ),
            decide,
        )
        return views.shown(asked, tie)

    @routes.get("")
    async def mine(
        caller: Person, asked: PageAsked, status: Status | None = None
    ) -> Page[MyRattachement]:
        """Every structure I created or asked for, newest request first."""
        return await views.my_rattachements(
            membership, asked, user_id=caller.user_id, status=status
        )

    @routes.get("/{id}", responses=may_answer(NotFound))
    async def one(id: Id, caller: Person) -> MyRattachement:
        """One request of mine."""
        return await views.my_rattachement(membership, id, user_id=caller.user_id)

    return routes
