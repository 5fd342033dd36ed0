"""Asking to be attached to a structure, and seeing what became of it."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StrictBool

from kit import clock
from kit.change import Change
from kit.http import Caller, Person, Said, may_answer, new_entity_id, reader
from kit.ids import OpaqueId, new_id
from kit.one_line import one_line
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from services.users import views
from services.users.api.fields import Comment
from services.users.domain import leaving
from services.users.domain.leaving import ConfirmationMissing, Removal, SuccessorMissing
from services.users.domain.lines import Extent
from services.users.domain.rattachements import (
    Defaults,
    Rattachement,
    TooManyRights,
    rattachement_id,
)
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
from services.users.views import ActiveRattachement, MyRattachement

Unit = Annotated[str, one_line(50)]
RattachementReader = Annotated[Caller, reader("rattachements:read")]


def distinct(units: tuple[str, ...]) -> tuple[str, ...]:
    if len({*units}) < len(units):
        raise ValueError("Each unit may be named once only.")
    return units


class Window(Said):
    """Which structure, or which of its units, and from when to when."""

    structure_id: OpaqueId
    units: Annotated[tuple[Unit, ...], AfterValidator(distinct)] = Field(
        (), max_length=100, description="None: the whole structure."
    )
    valid_from: date
    valid_until: date | None = Field(None, description="Included; for ever when absent.")

    @property
    def extent(self) -> Extent:
        return Extent(units=self.units, valid_from=self.valid_from, valid_until=self.valid_until)


class Wanted(Window):
    comment: Comment = Field("", description="For those who decide.")


class Departure(Said):
    """Which structures to leave, all or none of them."""

    structure_ids: Annotated[tuple[OpaqueId, ...], AfterValidator(distinct)] = Field(
        min_length=1, max_length=100
    )
    confirmed: StrictBool = Field(False, description="Without it, only what would go is told.")


class Left(BaseModel):
    structure_ids: tuple[str, ...]


def rattachement_routes(membership: Membership, defaults: Defaults) -> APIRouter:
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
            TooManyRights,
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
                defaults=defaults,
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
        return views.shown(asked, tie, today)

    @routes.put(
        "/departures", responses=may_answer(NotFound, ConfirmationMissing, SuccessorMissing)
    )
    async def leave(said: Departure, caller: Person) -> Left:
        """Leave structures: all of those named, or none; a principal manager has a successor."""
        await leave_structures(membership, caller.user_id, said)
        return Left(structure_ids=said.structure_ids)

    @routes.get("/active")
    async def active(caller: Person, asked: PageAsked) -> Page[ActiveRattachement]:
        """The structures to which I am attached today, with my role and my units."""
        return await views.active_rattachements(
            membership, asked, user_id=caller.user_id, on=clock.today()
        )

    @routes.get("")
    async def mine(
        caller: Person, asked: PageAsked, status: Status | None = None
    ) -> Page[MyRattachement]:
        """Every structure I created or asked for, newest request first."""
        return await views.my_rattachements(
            membership, asked, user_id=caller.user_id, status=status
        )

    @routes.get("/{id}", responses=may_answer(NotFound))
    async def one(id: OpaqueId, caller: Person) -> MyRattachement:
        """One request of mine."""
        return await views.my_rattachement(membership, id, user_id=caller.user_id)

    return routes


async def leave_structures(membership: Membership, user_id: str, said: Departure) -> None:
    at, ids = clock.now(), said.structure_ids
    removals = [Removal(id=new_id(), by=user_id, at=at) for _ in ids]

    def decide(*states: Any) -> tuple[Change[Any], ...]:
        ties, structures, actions, entries = (states[nth::4] for nth in range(4))
        left = leaving.leave(ties, structures, actions, confirmed=said.confirmed, removals=removals)
        whole = zip(removals, ties, structures, entries, left, strict=True)
        return tuple(
            change
            for removal, tie, structure, entry, (gone, noted) in whole
            for change in (gone, Change(structure), noted, removal.taken(tie, gone, entry))
        )

    await membership.committer.change_together(
        tuple(
            place
            for id, removal in zip(ids, removals, strict=True)
            for place in (
                membership.rattachements.at(rattachement_id(user_id, id)),
                membership.structures.at(id),
                membership.actions.at(removal.id),
                membership.habilitation_history.at(removal.id),
            )
        ),
        decide,
    )
