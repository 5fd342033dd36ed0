"""The users of structures, for those who administer them: attach, list, show, detach."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field

from contracts.users import Level
from kit import clock
from kit.addresses import Email
from kit.change import Change
from kit.days import day_of
from kit.http import Person, Said, ScopeMissing, may_answer, new_entity_id
from kit.ids import OpaqueId, new_id
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from kit.spreadsheets import CSV, download
from services.users import user_views
from services.users.api.fields import Accepted, Reason
from services.users.api.rattachements import RattachementReader, Unit, Window, distinct
from services.users.attaching import Attaching
from services.users.domain import leaving
from services.users.domain.attaching import Gift, NotYourself
from services.users.domain.delegation import ManagersOnly, MoreThanYours, OutsideYourUnits
from services.users.domain.invitations import AccountActive, InvitedTooOften
from services.users.domain.leaving import (
    AttachedToTheWhole,
    LeaveInstead,
    PrincipalManagerStays,
    Removal,
)
from services.users.domain.rattachements import TooManyRights, rattachement_id
from services.users.domain.requests import InactiveStructure, UnknownUnits, WrongDates
from services.users.domain.states import Order, Standing
from services.users.user_views import ActionView, AttachedUser, Users, Waiting

ADMINISTER = (NotFound, ManagersOnly)
Words = Annotated[str, Query(max_length=100, description="Words of a name or an e-mail")]


class NewUser(Window):
    """Whom to attach, to which structure or units, and from when to when."""

    email: Email


class Detachment(Said):
    units: Annotated[tuple[Unit, ...], AfterValidator(distinct)] = Field(
        (), max_length=100, description="None: the whole structure."
    )
    comment: Reason


class Detached(BaseModel):
    """What is left to the user in this structure."""

    units: tuple[str, ...]
    attached: bool


class Profile(BaseModel):
    application: str
    level: Level


class Attached(Accepted):
    """What becomes of it is not told, but what you cannot give is."""

    left_out: tuple[Profile, ...] = ()


class Standings(BaseModel):
    items: list[Standing]


def structure_user_routes(attaching: Attaching) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["structure users"])
    users = Users(attaching.membership, attaching.identity)
    _listing(routes, users)
    _showing(routes, users)
    _attaching(routes, attaching)
    _detaching(routes, attaching)
    return routes


def _attaching(routes: APIRouter, attaching: Attaching) -> None:
    @routes.post(
        "/structure-users",
        status_code=202,
        responses=may_answer(
            *ADMINISTER,
            InvitedTooOften,
            NotYourself,
            OutsideYourUnits,
            InactiveStructure,
            UnknownUnits,
            WrongDates,
            MoreThanYours,
            TooManyRights,
        ),
    )
    async def attach(wanted: NewUser, caller: Person) -> Attached:
        """
        Attach whoever has this address. Without an account they are invited to open one.

        The answer is the same in both cases, and when they are attached already. Nobody gives
        default profiles that they do not hold themselves: these are left out.
        """
        gift = Gift(
            id=new_entity_id(),
            structure_id=wanted.structure_id,
            extent=wanted.extent,
            by=caller.user_id,
            at=clock.now(),
        )
        left_out = await attaching.attach(wanted.email, gift)
        return Attached(
            left_out=tuple(
                Profile(application=one.application, level=one.level) for one in left_out
            )
        )

    @routes.put(
        "/structure-users/{structure_id}/{user_id}/activation-letter",
        status_code=202,
        responses=may_answer(*ADMINISTER, AccountActive),
    )
    async def write_again(structure_id: OpaqueId, user_id: OpaqueId, caller: Person) -> Accepted:
        """Write once more to somebody invited, as long as their account is not active."""
        await attaching.remind(structure_id, user_id, by=caller.user_id)
        return Accepted()


def _listing(routes: APIRouter, users: Users) -> None:
    @routes.get("/structure-users", responses=may_answer(*ADMINISTER))
    async def list_users(
        caller: Person,
        asked: PageAsked,
        structure_id: Annotated[OpaqueId | None, Query()] = None,
        unit: Annotated[Unit | None, Query()] = None,
        q: Words = "",
    ) -> Page[AttachedUser]:
        """
        The users of one structure that you administer, or of all of them.

        With ``q`` a page may have fewer items than asked for, and a next.
        """
        on = clock.today()
        theirs = await users.theirs(
            caller.user_id, on, structure_id=structure_id, unit=unit, words=q
        )
        return await users.listed(theirs, asked, on)

    @routes.get(
        "/structure-users.csv",
        response_class=StreamingResponse,
        responses=may_answer(*ADMINISTER) | CSV,
    )
    async def export(
        caller: Person,
        structure_id: Annotated[OpaqueId | None, Query()] = None,
        unit: Annotated[Unit | None, Query()] = None,
        q: Words = "",
    ) -> StreamingResponse:
        """The same list as a CSV file, a row for each unit; no cell is a formula."""
        on = clock.today()
        theirs = await users.theirs(
            caller.user_id, on, structure_id=structure_id, unit=unit, words=q
        )
        return download("users.csv", user_views.COLUMNS, users.rows(theirs, on))

    @routes.get("/structure-users/{structure_id}/invitations", responses=may_answer(*ADMINISTER))
    async def list_invited(
        structure_id: OpaqueId, caller: Person, asked: PageAsked
    ) -> Page[Waiting]:
        """Those who were invited and have not opened their account yet."""
        return await users.invited(caller.user_id, structure_id, asked, clock.today())

    @routes.get("/structure-users/{structure_id}/history", responses=may_answer(*ADMINISTER))
    async def history(
        structure_id: OpaqueId,
        caller: Person,
        asked: PageAsked,
        user_id: Annotated[OpaqueId | None, Query()] = None,
    ) -> Page[ActionView]:
        """What was done to the users of a structure, or to one of them, newest first."""
        on = clock.today()
        return await users.history(caller.user_id, structure_id, user_id, asked, on)


def _showing(routes: APIRouter, users: Users) -> None:
    @routes.get("/structure-users/{structure_id}/{user_id}", responses=may_answer(*ADMINISTER))
    async def show(structure_id: OpaqueId, user_id: OpaqueId, caller: Person) -> AttachedUser:
        """One user of a structure that you administer."""
        return await users.one(caller.user_id, structure_id, user_id, clock.today())

    @routes.get(
        "/structure-users/{structure_id}/{user_id}/units",
        responses=may_answer(*ADMINISTER, ScopeMissing),
    )
    async def show_units(
        structure_id: OpaqueId,
        user_id: OpaqueId,
        caller: RattachementReader,
        order: Order = "unit",
    ) -> Standings:
        """
        Where a user stands with each unit: asked for, valid, refused, inactive or removed.

        For the user, for those who administer the structure, and for systems that may see it.
        """
        on = clock.today()
        found = await users.standings(caller, structure_id, user_id, order, on)
        return Standings(items=found)


def _detaching(routes: APIRouter, attaching: Attaching) -> None:
    membership, identity = attaching.membership, attaching.identity

    @routes.put(
        "/structure-users/{structure_id}/{user_id}/detachment",
        responses=may_answer(
            *ADMINISTER,
            OutsideYourUnits,
            PrincipalManagerStays,
            AttachedToTheWhole,
            LeaveInstead,
        ),
    )
    async def detach(
        structure_id: OpaqueId, user_id: OpaqueId, said: Detachment, caller: Person
    ) -> Detached:
        """Detach a user from a structure, or from some of its units, and say why."""
        if user_id == caller.user_id:
            raise LeaveInstead
        at = clock.now()
        removal = Removal(id=new_id(), by=caller.user_id, at=at, comment=said.comment)
        ties = membership.rattachements

        def decide(acting: Any, tie: Any, invitee: Any, *rest: Any) -> Any:
            action, structure, entry = rest
            removed = leaving.detach(
                acting,
                tie,
                invitee,
                action,
                structure,
                structure_id=structure_id,
                units=said.units,
                removal=removal,
                on=day_of(at),
            )
            return (
                Change(acting),
                *removed,
                Change(structure),
                removal.taken(tie, removed[0], entry),
            )

        _, tie, *_ = await membership.committer.change_together(
            (
                ties.at(rattachement_id(caller.user_id, structure_id)),
                ties.at(rattachement_id(user_id, structure_id)),
                identity.invitees.at(user_id),
                membership.actions.at(removal.id),
                membership.structures.at(structure_id),
                membership.habilitation_history.at(removal.id),
            ),
            decide,
        )
        left = tie.lines if tie else ()
        return Detached(units=tuple(one.unit for one in left if one.unit), attached=bool(left))
