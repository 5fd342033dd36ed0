"""The units of a structure over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field, StrictBool, StringConstraints

from contracts.structures import DEFAULT_UNIT, Requires, UnitStatus
from kit.clock import now, today
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.http import Caller, IfMatch, Person, Said, ScopeMissing, etag, may_answer
from kit.ids import EntityId
from kit.one_line import lines, one_line
from kit.pages import Asked, Page, pages_of
from kit.problems import NotFound, PreconditionFailed
from services.structures import views
from services.structures.api.fields import StructureId
from services.structures.api.structures import StructureReader
from services.structures.domain import units as domain
from services.structures.domain.pending import Pending
from services.structures.domain.structures import (
    Address,
    ManagersOnly,
    Structure,
    StructureInactive,
)
from services.structures.domain.units import (
    Changes,
    CodeNeverChanges,
    CodeReserved,
    DefaultUnitStays,
    Details,
    Entry,
    NotYoursToConsult,
    Unit,
    UnitCodeTaken,
    UnitDeleted,
    WrongValidity,
    default_unit,
    unit_id,
)
from services.structures.views import LIVING, UnitOrder, UnitsSought, Visibility

UnitCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, pattern=r"^[0-9A-Za-z](?:[0-9A-Za-z ._/-]{0,48}[0-9A-Za-z])?$"
    ),
]
Line = Annotated[str, one_line(255, least=0)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
UnitsAsked = Annotated[Asked, pages_of(1000)]

NOT_THERE = (NotFound, DefaultUnitStays, UnitDeleted, ManagersOnly)


async def _listed(
    sort: Annotated[UnitOrder, Query(description="With a minus: the other way.")] = "code",
    code: Annotated[UnitCode | None, Query()] = None,
    status: Annotated[
        UnitStatus | None, Query(description="All but the deleted ones when absent.")
    ] = None,
) -> UnitsSought:
    return UnitsSought(order=sort, code=code, statuses=(status,) if status else LIVING)


Listed = Annotated[UnitsSought, Depends(_listed)]


class PostalAddress(Said):
    line: Line = ""
    complements: tuple[Line, ...] = Field((), max_length=2)
    postcode: Annotated[str, one_line(20, least=0)] = ""
    city: Annotated[str, one_line(100, least=0)] = ""
    country: Annotated[str, one_line(100, least=0)] = "France"

    def address(self) -> Address:
        return Address(**self.model_dump())


class UnitDetails(Said):
    """What may be modified; what is left out goes back to its default."""

    name: Annotated[str, one_line(255)]
    description: Annotated[str, lines(1000, least=0)] = ""
    address: PostalAddress | None = None
    valid_until: Day | None = Field(None, description="Included; for ever when absent.")
    engagement_required: StrictBool = Field(
        False, description="Whoever sends to it must give an engagement number."
    )
    payment_status_exposed: StrictBool = False

    def details(self, valid_from: date) -> Details:
        return Details(
            name=self.name,
            description=self.description,
            address=self.address.address() if self.address else None,
            valid_from=valid_from,
            valid_until=self.valid_until,
            engagement_required=self.engagement_required,
            payment_status_exposed=self.payment_status_exposed,
        )


class NewUnit(UnitDetails):
    code: UnitCode = Field(examples=["VOIRIE"])
    valid_from: Day | None = Field(None, description="Today when absent.")


class ModifiedUnit(UnitDetails):
    code: UnitCode | None = Field(None, description="If given, the one it has.")
    valid_from: Day


class UnitView(BaseModel):
    id: str
    structure_id: str
    code: str
    name: str
    description: str
    address: Address | None
    valid_from: date
    valid_until: date | None
    engagement_required: bool
    requires: Requires = Field(
        description="What a sender must name: what the structure asks, and what this unit adds."
    )
    payment_status_exposed: bool
    status: UnitStatus
    active: bool = Field(
        description="Neither deactivated nor deleted, and today is a day of its validity. "
        "Its structure may be inactive all the same."
    )
    default: bool = Field(description="The unit that every public structure has.")
    pending: Pending[Details] | None = Field(description="A modification that waits.")
    activation: Pending[UnitStatus] | None = Field(description="An activation that waits.")
    created_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Units:
    """The units of all structures, and who may see and change them."""

    committer: Committer
    structures: Collection[Structure]
    units: Collection[Unit]
    visibility: Visibility

    async def require_managed(self, id: str, caller: Caller) -> None:
        await self.visibility.require_fresh(caller)
        structure = await self.structures.get(id)
        if await self.visibility.manages(caller, structure):
            return
        if structure.public or await self.visibility.of_record(caller, structure):
            raise ManagersOnly
        raise NotFound(id)

    async def consulted(self, id: str, caller: Caller) -> Structure:
        await self.visibility.require_fresh(caller)
        structure = await self.structures.get(id)
        if structure.kind == "public" and structure.public:
            return structure
        if await self.visibility.of_record(caller, structure):
            return structure
        if structure.public:
            raise NotYoursToConsult
        raise NotFound(id)

    async def of(self, structure: Structure, unit: str) -> Unit:
        one = await self.units.find(unit) or default_unit(structure)
        if one is None or (one.id, one.structure_id) != (unit, structure.id):
            raise NotFound(unit)
        return one

    async def change(
        self,
        id: str,
        unit: str,
        decide: Callable[[Unit | None, Structure | None], Changes],
        *,
        if_match: int | None = None,
    ) -> tuple[Unit, Structure]:
        places = self.units.at(unit), self.structures.at(id)
        changed, structure = await self.committer.keep(Ask(places, decide, if_match=if_match))
        return changed, structure


def unit_routes(of: Units, *, effective_after: timedelta) -> APIRouter:
    routes = APIRouter(prefix="/v1/structures/{id}/units", tags=["units"])
    _reading(routes, of)
    _writing(routes, of, effective_after)
    _standing(routes, of, effective_after)
    return routes


def _reading(routes: APIRouter, of: Units) -> None:
    @routes.get("", responses=may_answer(NotFound, NotYoursToConsult, ScopeMissing))
    async def list_units(
        id: StructureId, caller: StructureReader, asked: UnitsAsked, listed: Listed
    ) -> Page[UnitView]:
        """The units of a public structure, or of one you are attached to; 1,000 a page at most."""
        structure = await of.consulted(id, caller)
        some, following = await views.units_of(structure, of.units, asked, listed)
        return Page[UnitView](items=[shown(one, structure) for one in some], next=following)

    @routes.get("/{unit}", responses=may_answer(NotFound, NotYoursToConsult, ScopeMissing))
    async def read(
        id: StructureId, unit: EntityId, caller: StructureReader, response: Response
    ) -> UnitView:
        structure = await of.consulted(id, caller)
        return answer(await of.of(structure, unit), structure, response)

    @routes.get("/{unit}/history", responses=may_answer(NotFound, ManagersOnly))
    async def history(id: StructureId, unit: EntityId, caller: Person) -> list[Entry]:
        """Who did what to it, the newest first: the last hundred things."""
        if not caller.operator:
            await of.require_managed(id, caller)
        one = await of.of(await of.structures.get(id), unit)
        return [*reversed(one.history)]


def _writing(routes: APIRouter, of: Units, effective_after: timedelta) -> None:
    @routes.post(
        "",
        status_code=201,
        responses=may_answer(
            NotFound,
            ManagersOnly,
            StructureInactive,
            UnitCodeTaken,
            CodeReserved,
            WrongValidity,
        ),
    )
    async def create(
        id: StructureId, asked: NewUnit, caller: Person, response: Response
    ) -> UnitView:
        """Add a unit to a structure you manage."""
        await of.require_managed(id, caller)
        at, unit = now(), unit_id(id, asked.code)
        details = asked.details(asked.valid_from or today())
        made = await of.change(
            id,
            unit,
            lambda current, structure: domain.create(
                current, structure, code=asked.code, details=details, by=caller.user_id, now=at
            ),
        )
        response.headers["Location"] = f"/v1/structures/{id}/units/{unit}"
        return answer(*made, response)

    @routes.put(
        "/{unit}",
        responses=may_answer(
            *NOT_THERE, StructureInactive, CodeNeverChanges, WrongValidity, PreconditionFailed
        ),
    )
    async def modify(
        id: StructureId,
        unit: EntityId,
        asked: ModifiedUnit,
        *,
        caller: Person,
        if_match: IfMatch,
        response: Response,
    ) -> UnitView:
        """Replace what may be modified. Where changes wait, ``pending`` says until when."""
        await of.require_managed(id, caller)
        at, details = now(), asked.details(asked.valid_from)
        modified = await of.change(
            id,
            unit,
            lambda current, structure: domain.modify(
                current,
                structure,
                id=unit,
                code=asked.code,
                details=details,
                by=caller.user_id,
                after=effective_after,
                now=at,
            ),
            if_match=if_match,
        )
        return answer(*modified, response)


def _standing(routes: APIRouter, of: Units, effective_after: timedelta) -> None:
    async def change(
        id: str, unit: str, caller: Caller, decide: Callable[..., Changes], if_match: int | None
    ) -> tuple[Unit, Structure]:
        await of.require_managed(id, caller)
        asked = partial(decide, id=unit, by=caller.user_id, now=now())
        return await of.change(id, unit, asked, if_match=if_match)

    @routes.put(
        "/{unit}/activation",
        responses=may_answer(*NOT_THERE, StructureInactive, PreconditionFailed),
    )
    async def activate(
        id: StructureId, unit: EntityId, caller: Person, if_match: IfMatch, response: Response
    ) -> UnitView:
        """Have it be active again, on its days of validity. It may wait: see ``activation``."""
        waiting = partial(domain.activate, after=effective_after)
        return answer(*await change(id, unit, caller, waiting, if_match), response)

    @routes.put("/{unit}/deactivation", responses=may_answer(*NOT_THERE, PreconditionFailed))
    async def deactivate(
        id: StructureId, unit: EntityId, caller: Person, if_match: IfMatch, response: Response
    ) -> UnitView:
        """End it at once. Whoever was attached to this unit only is attached no more."""
        return answer(*await change(id, unit, caller, domain.deactivate, if_match), response)

    @routes.delete(
        "/{unit}",
        responses=may_answer(NotFound, DefaultUnitStays, ManagersOnly, PreconditionFailed),
    )
    async def delete(
        id: StructureId, unit: EntityId, caller: Person, if_match: IfMatch, response: Response
    ) -> UnitView:
        """End it for good. Its history stays, and its code stays its own."""
        return answer(*await change(id, unit, caller, domain.delete, if_match), response)


def answer(unit: Unit, structure: Structure, response: Response) -> UnitView:
    etag(response, unit.version)
    return shown(unit, structure)


def shown(unit: Unit, structure: Structure) -> UnitView:
    details = unit.details
    return UnitView(
        id=unit.id,
        structure_id=unit.structure_id,
        code=unit.code,
        name=details.name,
        description=details.description,
        address=details.address,
        valid_from=details.valid_from,
        valid_until=details.valid_until,
        engagement_required=details.engagement_required,
        requires=domain.requires(unit, structure),
        payment_status_exposed=details.payment_status_exposed,
        status=unit.status,
        active=unit.active(today()),
        default=unit.code == DEFAULT_UNIT,
        pending=unit.pending,
        activation=unit.activation,
        created_at=unit.created_at,
        deleted_at=unit.deleted_at,
    )
