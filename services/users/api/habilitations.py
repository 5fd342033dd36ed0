"""What users may do in a structure: read row by row, and changed by a draft that is submitted."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from contracts.users import Habilitation, Level
from kit.clock import now, today
from kit.http import IfMatch, Person, Said, etag, may_answer, new_entity_id
from kit.ids import OpaqueId
from kit.pages import Page, PageAsked
from kit.problems import Invalid, NotFound, PreconditionFailed
from services.users.api.fields import Comment
from services.users.api.rattachements import Unit
from services.users.catalogue import Catalogue, Code
from services.users.domain.delegation import (
    AskForYourOwn,
    ManagersOnly,
    MoreThanYours,
    OutsideYourUnits,
    PrincipalManagerOnly,
    PrincipalManagerOutOfReach,
)
from services.users.domain.drafts import (
    Add,
    AlreadyHeld,
    NotAttachedThere,
    NotHeld,
    Operation,
    PrincipalManagerKeepsOrganisation,
    Remove,
    RemoveAll,
    Replace,
    Row,
)
from services.users.domain.habilitation_requests import AlreadyAsked, NotAttached, NothingAsked
from services.users.domain.habilitations import PrincipalManagerApproves
from services.users.domain.rattachements import TooManyRights
from services.users.domain.requests import UnknownUnits, WrongDates
from services.users.habilitation_views import (
    ApplicationShown,
    EntryShown,
    HabilitationsShown,
    HabilitationViews,
    RequestShown,
    request_shown,
)
from services.users.habilitations import Habilitations

OF_A_DRAFT = (
    AlreadyHeld,
    NotHeld,
    NotAttachedThere,
    PrincipalManagerKeepsOrganisation,
    UnknownUnits,
    WrongDates,
    TooManyRights,
)


class UnknownProfile(Invalid):
    """The catalogue has no such application, or not at this level."""


class RowNamed(Said):
    application: Code
    level: Level
    unit: Unit | None = Field(None, description="None: on the whole structure.")

    def row(self) -> Row:
        return Row(**self.model_dump())


class Profile(RowNamed):
    valid_from: date | None = Field(None, description="At once when absent.")
    valid_until: date | None = Field(None, description="Included; for ever when absent.")

    def habilitation(self) -> Habilitation:
        return Habilitation(**self.model_dump())


class AddAsked(Said):
    operation: Literal["add"]
    profile: Profile

    def meant(self) -> Operation:
        return Add(self.profile.habilitation())


class ReplaceAsked(Said):
    operation: Literal["replace"]
    row: RowNamed
    profile: Profile

    def meant(self) -> Operation:
        return Replace(self.row.row(), self.profile.habilitation())


class RemoveAsked(Said):
    operation: Literal["remove"]
    row: RowNamed

    def meant(self) -> Operation:
        return Remove(self.row.row())


class RemoveAllAsked(Said):
    """All rows of the units you administer."""

    operation: Literal["remove-all"]

    def meant(self) -> Operation:
        return RemoveAll()


OperationAsked = Annotated[
    AddAsked | ReplaceAsked | RemoveAsked | RemoveAllAsked, Field(discriminator="operation")
]


class Draft(Said):
    """Changes in their order; all of them are applied, or none."""

    operations: tuple[OperationAsked, ...] = Field(min_length=1, max_length=500)

    def meant(self, catalogue: Catalogue) -> tuple[Operation, ...]:
        return tuple(self._known(catalogue))

    def _known(self, catalogue: Catalogue) -> Iterator[Operation]:
        for nth, one in enumerate(self.operations):
            if isinstance(one, AddAsked | ReplaceAsked):
                application = catalogue.get(one.profile.application)
                if application is None or one.profile.level not in application.levels:
                    raise UnknownProfile(field=f"body/operations/{nth}/profile")
            yield one.meant()


class Request(Draft):
    structure_id: OpaqueId
    comment: Comment = Field("", description="For those who decide.")


class Approving(Said):
    may_approve: bool


def habilitation_routes(changed: Habilitations, views: HabilitationViews) -> list[APIRouter]:
    return [_reference(views), _of_users(changed, views), _own(changed, views)]


def _reference(views: HabilitationViews) -> APIRouter:
    routes = APIRouter(prefix="/v1/applications", tags=["habilitations"])

    @routes.get("")
    async def applications(caller: Person) -> list[ApplicationShown]:
        """The applications there are, with their levels, and who has which from the beginning."""
        return views.applications()

    return routes


def _of_users(changed: Habilitations, views: HabilitationViews) -> APIRouter:
    routes = APIRouter(prefix="/v1/habilitations/{structure_id}/{user_id}", tags=["habilitations"])
    committer = changed.of.committer

    async def shown(
        structure_id: str, user_id: str, caller: Person, response: Response, unit: str | None = None
    ) -> HabilitationsShown:
        found, version = await views.of_user(
            structure_id, user_id, by=caller.user_id, unit=unit, today=today()
        )
        etag(response, version)
        return found

    @routes.get("", responses=may_answer(ManagersOnly, NotFound))
    async def read(
        structure_id: OpaqueId,
        user_id: OpaqueId,
        caller: Person,
        response: Response,
        unit: Annotated[str | None, Query(max_length=50, description="Only its rows.")] = None,
    ) -> HabilitationsShown:
        """All that one user may do in a structure: for those who administer it, and that user."""
        return await shown(structure_id, user_id, caller, response, unit)

    @routes.post(
        "/submissions",
        status_code=200,
        responses=may_answer(
            ManagersOnly,
            NotFound,
            PreconditionFailed,
            PrincipalManagerOutOfReach,
            AskForYourOwn,
            OutsideYourUnits,
            MoreThanYours,
            UnknownProfile,
            *OF_A_DRAFT,
        ),
    )
    async def submit(
        structure_id: OpaqueId,
        user_id: OpaqueId,
        draft: Draft,
        *,
        caller: Person,
        version: IfMatch,
        response: Response,
    ) -> HabilitationsShown:
        """Submit a draft of changes: all of them are in force at once, or none is."""
        submitted = changed.submitted(new_entity_id(), caller.user_id, now())
        operations = draft.meant(views.catalogue)
        await committer.keep(changed.submit(structure_id, user_id, operations, submitted, version))
        return await shown(structure_id, user_id, caller, response)

    @routes.put(
        "/approving",
        responses=may_answer(
            ManagersOnly, PrincipalManagerOnly, NotFound, PrincipalManagerApproves
        ),
    )
    async def let_approve(
        structure_id: OpaqueId,
        user_id: OpaqueId,
        body: Approving,
        caller: Person,
        response: Response,
    ) -> HabilitationsShown:
        """Give or withdraw a user's right to decide on approvals: the principal manager's to do."""
        submitted = changed.submitted(new_entity_id(), caller.user_id, now())
        await committer.keep(
            changed.let_approve(
                structure_id, user_id, may_approve=body.may_approve, submitted=submitted
            )
        )
        return await shown(structure_id, user_id, caller, response)

    @routes.get("/history", responses=may_answer(ManagersOnly, NotFound))
    async def history(
        structure_id: OpaqueId, user_id: OpaqueId, caller: Person, asked: PageAsked
    ) -> Page[EntryShown]:
        """Who gave or took what, and when, newest first."""
        return await views.history(structure_id, user_id, asked, by=caller.user_id, today=today())

    return routes


def _own(changed: Habilitations, views: HabilitationViews) -> APIRouter:
    routes = APIRouter(prefix="/v1/habilitation-requests", tags=["habilitations"])

    @routes.post(
        "",
        status_code=202,
        responses=may_answer(NotAttached, NothingAsked, AlreadyAsked, UnknownProfile, *OF_A_DRAFT),
    )
    async def request(asked: Request, caller: Person) -> RequestShown:
        """
        Ask for a change of one's own habilitations; those who administer the structure decide.

        A principal manager's own is applied at once, and recorded as such.
        """
        submitted = changed.submitted(new_entity_id(), caller.user_id, now())
        operations = asked.meant(views.catalogue)
        kept, *_ = await changed.of.committer.keep(
            changed.ask(asked.structure_id, operations, asked.comment, submitted)
        )
        return request_shown(kept)

    @routes.get("")
    async def mine(caller: Person, asked: PageAsked) -> Page[RequestShown]:
        """My requests, newest first."""
        return await views.my_requests(asked, user_id=caller.user_id)

    @routes.get("/{id}", responses=may_answer(NotFound))
    async def one(id: OpaqueId, caller: Person) -> RequestShown:
        """One request of mine."""
        return await views.my_request(id, user_id=caller.user_id)

    return routes
