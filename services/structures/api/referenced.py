"""What other systems ask before they send: is it referenced, is it active, what does it ask for."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from contracts.structures import IdentifierType, Kind, Requires
from kit.collection import Collection
from kit.http import Person, ScopeMissing, may_answer
from kit.pages import Page, PageAsked, page
from services.structures.api.structures import StructureReader
from services.structures.domain import structures as domain
from services.structures.domain.identifiers import InvalidIdentifier, identify
from services.structures.domain.options import Flags
from services.structures.domain.structures import Card, Structure
from services.structures.views import Visibility

Application = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,60}$")]


class Referenced(BaseModel):
    """Nothing of a person. Nothing can be sent to what is not referenced, or not active."""

    referenced: bool
    active: bool = False
    kind: Kind | None = None
    requires: Requires | None = None
    flags: Flags | None = None


def referenced_routes(structures: Collection[Structure], visibility: Visibility) -> APIRouter:
    routes = APIRouter(prefix="/v1/structures", tags=["structures"])

    @routes.get("/referenced", responses=may_answer(InvalidIdentifier, ScopeMissing))
    async def referenced(
        caller: StructureReader,
        type: Annotated[IdentifierType, Query()],
        value: Annotated[str, Query(min_length=1, max_length=100)],
    ) -> Referenced:
        """
        Whether something can be sent to whoever has this identifier, and what it must name.

        People are told of a structure whose card is hidden, as of a person, only where they may
        read it; to the others it is not referenced. Systems that send are told of all.
        """
        id = _id(type, value)
        found = await structures.find(id)
        if not await visibility.shows(caller, id, found) or found is None:
            return Referenced(referenced=False)
        return Referenced(
            referenced=True,
            active=found.status == "active",
            kind=found.kind,
            requires=found.flags.requires,
            flags=found.flags,
        )

    @routes.get("/active")
    async def active(
        caller: Person, asked: PageAsked, application: Application = None
    ) -> Page[Card]:
        """The active structures that I am attached to, and may use this application for."""
        ids = await visibility.attached_to(caller, application)
        where = {"_id": {"$in": ids}, "status": "active"}
        found, following = await page(structures, where, asked, descending=False)
        return Page(items=[domain.card(one) for one in found], next=following)

    return routes


def _id(type: IdentifierType, value: str) -> str:
    """Without its key: what was imported may have a wrong one."""
    try:
        return identify(type, value, checksums=False).structure_id
    except InvalidIdentifier as wrong:
        raise InvalidIdentifier(str(wrong), field="query/value") from None
