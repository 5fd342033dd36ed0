"""The espaces there are, those that a structure has open, and who opens and closes them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from kit.http import Person, Said, ScopeMissing, may_answer
from kit.ids import OpaqueId
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from services.users import espace_views as views
from services.users.api.rattachements import RattachementReader, Unit
from services.users.domain.delegation import ManagersOnly, PrincipalManagerOnly
from services.users.domain.espaces import (
    FixedEspace,
    NotASecondaryManager,
    NotForYouToOpen,
    UnknownEspace,
)
from services.users.domain.habilitation_requests import Status
from services.users.domain.requests import InactiveStructure, UnknownUnits
from services.users.espace_views import EspaceOfStructure, EspaceShown, Listed, MyEspaces
from services.users.espaces import Espaces

Code = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]


class SecondaryManager(Said):
    """How a user to whom the management of a structure is delegated acts there."""

    acts_as: Literal["manager", "user"] = Field(
        description="A manager opens and closes the espaces of the structure; a user does not."
    )


def espace_routes(espaces: Espaces) -> APIRouter:
    routes = APIRouter(tags=["espaces"])
    committer = espaces.of.committer

    @routes.get("/v1/espaces")
    async def every(_: Person) -> list[EspaceShown]:
        """Every espace there is, and what it opens."""
        return views.every(espaces.offer)

    @routes.get("/v1/me/espaces")
    async def available(caller: Person, asked: PageAsked) -> Page[MyEspaces]:
        """The espaces you find in each structure that you are attached to today."""
        return await views.available(espaces, asked, user_id=caller.user_id)

    @routes.get(
        "/v1/espaces/{structure_id}", responses=may_answer(NotFound, UnknownUnits, ScopeMissing)
    )
    async def of_structure(
        structure_id: OpaqueId,
        caller: RattachementReader,
        unit: Annotated[Unit | None, Query()] = None,
    ) -> list[EspaceOfStructure]:
        """The espaces of a structure or of one of its units, level by level, with their state."""
        return await views.of_structure(espaces, structure_id, caller, unit)

    @routes.put(
        "/v1/espaces/{structure_id}/{espace}/opening",
        responses=may_answer(
            NotFound, NotForYouToOpen, UnknownEspace, FixedEspace, InactiveStructure
        ),
    )
    async def open_espace(
        structure_id: OpaqueId, espace: Code, caller: Person
    ) -> list[EspaceOfStructure]:
        """Open an espace: each user attached is asked about, one approval for each."""
        return await turned(structure_id, espace, caller, open=True)

    @routes.put(
        "/v1/espaces/{structure_id}/{espace}/closure",
        responses=may_answer(NotFound, NotForYouToOpen, UnknownEspace, FixedEspace),
    )
    async def close_espace(
        structure_id: OpaqueId, espace: Code, caller: Person
    ) -> list[EspaceOfStructure]:
        """Close an espace: all subscriptions to it end."""
        return await turned(structure_id, espace, caller, open=False)

    async def turned(
        structure_id: str, code: str, caller: Person, *, open: bool
    ) -> list[EspaceOfStructure]:
        openings, *_ = await committer.keep(
            espaces.turn(structure_id, code, open=open, by=caller.user_id)
        )
        return views.rows(espaces.offer, openings, only=code)

    @routes.get(
        "/v1/espaces/{structure_id}/{espace}/requests",
        responses=may_answer(NotFound, ManagersOnly),
    )
    async def requests(
        structure_id: OpaqueId,
        espace: Code,
        caller: Person,
        asked: PageAsked,
        status: Annotated[Status | None, Query()] = None,
    ) -> Page[Listed]:
        """Who asked for it, or was asked about; the id is that of the approval as well."""
        return await views.listed(
            espaces,
            asked,
            structure_id=structure_id,
            espace=espace,
            by=caller.user_id,
            status=status,
        )

    @routes.put(
        "/v1/espaces/{structure_id}/secondary-managers/{user_id}",
        responses=may_answer(NotFound, PrincipalManagerOnly, NotASecondaryManager),
    )
    async def choose(
        structure_id: OpaqueId, user_id: OpaqueId, body: SecondaryManager, caller: Person
    ) -> SecondaryManager:
        """Say how somebody acts to whom the management of the structure is delegated."""
        await committer.keep(
            espaces.choose(
                structure_id,
                user_id,
                configures=body.acts_as == "manager",
                by=caller.user_id,
            )
        )
        return body

    return routes
