"""What one manages as principal manager, and handing it over."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from kit.http import Person, Said, may_answer, new_entity_id
from kit.ids import OpaqueId
from kit.pages import Page, PageAsked
from kit.problems import NotFound
from services.users.domain.transfers import (
    HandedToYourself,
    ManagementMoved,
    NotItsPrincipalManager,
    SuccessorNotAttached,
    TooManyStructures,
    Type,
    WrongSelection,
)
from services.users.managed import Managed, ManagedStructure, Successor
from services.users.managing import Managing

HANDING_OVER = (
    NotFound,
    NotItsPrincipalManager,
    HandedToYourself,
    SuccessorNotAttached,
    TooManyStructures,
    ManagementMoved,
)
MOST = 2000


class Chosen(Said):
    """Who is to manage what, from now on."""

    type: Type = Field(
        description="One structure, all those you manage, or several that you choose"
    )
    structure_ids: tuple[OpaqueId, ...] = Field(
        (), max_length=MOST, description="One for `unitary`, some for `multiple`, none for `global`"
    )
    user_id: OpaqueId = Field(description="Attached today to each of them")


class TransferDone(BaseModel):
    id: str
    type: Type
    structure_ids: tuple[str, ...]
    user_id: str
    transferred_at: datetime


def transfer_routes(managing: Managing, managed: Managed) -> APIRouter:
    routes = APIRouter(tags=["management"])

    @routes.post(
        "/v1/management-transfers",
        status_code=201,
        responses=may_answer(WrongSelection, *HANDING_OVER),
    )
    async def transfer(chosen: Chosen, caller: Person) -> TransferDone:
        """
        Hand structures over to another principal manager: all of them, or none when one cannot be.

        You stay attached to them as a user. What waits for a decision then waits for theirs.
        """
        done = await managing.transfer(
            chosen.type,
            chosen.structure_ids,
            chosen.user_id,
            by=caller.user_id,
            id=new_entity_id(),
        )
        return TransferDone(
            id=done.id,
            type=chosen.type,
            structure_ids=tuple(done.successors),
            user_id=chosen.user_id,
            transferred_at=done.at,
        )

    @routes.get("/v1/managed-structures")
    async def mine(caller: Person, asked: PageAsked) -> Page[ManagedStructure]:
        """Those of which you are the principal manager."""
        return await managed.by(caller.user_id, asked)

    @routes.get(
        "/v1/managed-structures/successors",
        responses=may_answer(NotFound, NotItsPrincipalManager),
    )
    async def successors(
        caller: Person,
        asked: PageAsked,
        structure_id: Annotated[tuple[OpaqueId, ...], Query(max_length=50)] = (),
        q: Annotated[
            str, Query(max_length=100, description="Words of a name, an e-mail or an address")
        ] = "",
    ) -> Page[Successor]:
        """
        Those who could manage structures of yours: attached today to each one that you name.

        To all of yours if you name none. A page may have fewer items than asked for, and a next.
        """
        return await managed.successors(caller.user_id, structure_id, q, asked)

    return routes
