"""What is asked for with a ticket and granted by the desk: accounts back, public structures."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.structures import IdentifierType
from kit.clock import now
from kit.heard import TooStale
from kit.http import Operator, Person, may_answer, new_entity_id
from kit.one_line import NOT_IN_A_LINE, lines
from kit.problems import NotFound
from services.support.api.acts import OF_AGENTS
from services.support.api.fields import StructureId, TicketId
from services.support.api.tickets import answer, found
from services.support.api.writing import WRONG
from services.support.correspondence import as_markup
from services.support.domain.acts import Doing
from services.support.domain.contents import Content
from services.support.domain.numbers import NoNumberFree
from services.support.domain.requests import (
    AlreadyDecided,
    Asked,
    Kind,
    NothingRequested,
    Request,
    Status,
)
from services.support.granting import Granting
from services.support.views.tickets import TicketView
from services.support.writing import Beside, Writing

FILED: Final = ("GESTION_STRUCTURES_UTILISATEURS", "CREATION_STRUCTURE_PUBLIQUE")
PublicType = Literal["SIRET", "UE_HORS_FRANCE", "HORS_UE", "RIDET", "TAHITI", "AUTRE"]
"""A person is no public structure, and their identifier would tell their name."""
_LINE = rf"^[^{NOT_IN_A_LINE}]+$"
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_LINE)
]
Said = Annotated[str, lines(10_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Identifier(_Body):
    type: PublicType = Field(examples=["SIRET"])
    value: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_LINE)
    ]


class PublicStructure(_Body):
    identifier: Identifier
    legal_name: Name

    def asked(self) -> Asked:
        return Asked(
            identifier_type=self.identifier.type,
            identifier=self.identifier.value,
            legal_name=self.legal_name,
        )


class StructureRequest(PublicStructure):
    reason: Said = Field(description="Why it is needed, and as what you will manage it")
    structure_id: StructureId | None = Field(None, description="For which structure you write")


class Decision(_Body):
    verdict: Literal["accepted", "refused"]
    answer: Said = Field(description="What is written to whoever asked, once it is done or refused")
    structure: PublicStructure | None = Field(None, description="Corrected, if it has to be")


class RequestView(BaseModel):
    """What is asked for, and what has become of it."""

    kind: Kind
    status: Status
    identifier_type: IdentifierType | None
    identifier: str | None
    legal_name: str | None
    refusal: str = Field(description="Why what was accepted could not be done")
    structure_id: str | None = Field(description="The structure, once it is created")


def request_routes(granting: Granting, writing: Writing) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])
    records, reaching = writing.records, writing.reaching

    @routes.post("/structure-requests", status_code=201, responses=may_answer(*WRONG, NoNumberFree))
    async def ask_for_structure(
        body: StructureRequest, caller: Person, response: Response
    ) -> TicketView:
        """Ask the support desk for a public structure. You become its principal manager."""
        id, at = new_entity_id(), now()
        category, subcategory = FILED
        content = Content(
            category=category,
            subcategory=subcategory,
            title=f"{body.identifier.type} {body.identifier.value}"[:200],
            description=as_markup(body.reason),
            structure_id=body.structure_id,
        )
        request = Request(
            id=id, kind="public-structure", structure=body.asked(), person_id=caller.user_id
        )
        ticket, reach = await writing.keep(
            id, content, Beside(granting.requests, request), draft=False, caller=caller, at=at
        )
        return await answer(records, ticket, reach, response)

    @routes.get("/tickets/{id}/request", responses=may_answer(NotFound, NothingRequested, TooStale))
    async def read(id: TicketId, caller: Person) -> RequestView:
        """What is asked for with a ticket, to whoever may read the ticket."""
        await found(records, reaching, id, caller)
        return shown(await _of(granting, id))

    @routes.put(
        "/ops/ticket-requests/{id}/decision",
        responses=may_answer(*OF_AGENTS, NothingRequested, AlreadyDecided),
    )
    async def decide(id: TicketId, body: Decision, caller: Operator) -> RequestView:
        """
        Accept or refuse what is asked for with a ticket that you have taken.

        What is accepted is done by others; what they find against it stands here then.
        """
        _, reach = await found(records, reaching, id, caller)
        by = Doing(entry_id=new_entity_id(), reach=reach, now=now())
        request, _ = await granting.decide(
            id,
            accepted=body.verdict == "accepted",
            answer=body.answer,
            structure=body.structure.asked() if body.structure else None,
            by=by,
        )
        return shown(request)

    return routes


async def _of(granting: Granting, id: str) -> Request:
    request = await granting.requests.find(id)
    if request is None:
        raise NothingRequested
    return request


def shown(request: Request) -> RequestView:
    asked: dict[str, Any] = {"identifier_type": None, "identifier": None, "legal_name": None}
    if request.structure:
        asked = {name: getattr(request.structure, name) for name in asked}
    return RequestView(
        kind=request.kind,
        status=request.status,
        refusal=request.refusal,
        structure_id=request.structure_id or None,
        **asked,
    )
