"""What is asked for with a ticket and granted by the desk: accounts back, public structures."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, BackgroundTasks, Response
from pydantic import BaseModel, Field

from contracts.structures import IdentifierType
from kit.clock import now
from kit.heard import TooStale
from kit.http import IfMatch, Operator, Person, Said, etag, may_answer, new_entity_id
from kit.one_line import one_line
from kit.problems import NotFound
from services.support.api.acts import OF_AGENTS
from services.support.api.fields import PlainNeeded, StructureId, Text, TicketId, Title
from services.support.api.tickets import answer, found
from services.support.api.writing import WRONG
from services.support.consulting import Consulting
from services.support.domain import requests
from services.support.domain.acts import Doing
from services.support.domain.contents import Content, StructureInactive
from services.support.domain.identifiers import InvalidIdentifier, check_identifier
from services.support.domain.numbers import NoNumberFree
from services.support.domain.reach import Reach, standing
from services.support.domain.requests import (
    AlreadyDecided,
    Asked,
    Kind,
    NoStructureAsked,
    NothingRequested,
    Request,
    RequesterGone,
    Status,
)
from services.support.domain.tickets import Ticket
from services.support.granting import Granting
from services.support.views.tickets import TicketView
from services.support.writing import Beside, Writing

FORM: Final = "/structure-requests"
FILED: Final = ("GESTION_STRUCTURES_UTILISATEURS", "CREATION_STRUCTURE_PUBLIQUE")
PublicType = Literal["SIRET", "UE_HORS_FRANCE", "HORS_UE", "RIDET", "TAHITI", "AUTRE"]
"""A person is no public structure, and their identifier would tell their name."""


class Identifier(Said):
    type: PublicType = Field(examples=["SIRET"])
    value: Annotated[str, one_line(100)]


class PublicStructure(Said):
    identifier: Identifier
    legal_name: Title

    def asked(self, *, at: str) -> Asked:
        identifier, field = self.identifier, f"{at}/identifier/value"
        check_identifier(identifier.type, identifier.value, field=field)
        return Asked(
            identifier_type=self.identifier.type,
            identifier=self.identifier.value,
            legal_name=self.legal_name,
        )


class StructureRequest(PublicStructure):
    reason: PlainNeeded = Field(description="Why it is needed, and as what you will manage it")
    structure_id: StructureId | None = Field(None, description="For which structure you write")


class Decision(Said):
    verdict: Literal["accepted", "refused"]
    answer: Text = Field(description="What is written to whoever asked, once it is done or refused")
    structure: PublicStructure | None = Field(None, description="Corrected, if it has to be")


class RequestView(BaseModel):
    """What is asked for, and what has become of it."""

    kind: Kind
    status: Status
    identifier_type: IdentifierType | None
    identifier: str | None
    legal_name: str | None
    refusal: str = Field(
        description="Why what was accepted could not be done; the desk alone reads it"
    )
    structure_id: str | None = Field(description="The structure, once it is created")


def request_routes(granting: Granting, writing: Writing, consulting: Consulting) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])
    records, reaching = writing.records, writing.reaching

    @routes.post(
        FORM,
        status_code=201,
        responses=may_answer(*WRONG, InvalidIdentifier, StructureInactive, NoNumberFree),
    )
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
            description=body.reason,
            structure_id=body.structure_id,
        )
        request = Request(
            id=id,
            kind="public-structure",
            structure=body.asked(at="body"),
            person_id=caller.user_id,
        )
        ticket, reach = await writing.keep(
            id,
            content,
            Beside(granting.requests, request),
            draft=False,
            caller=caller,
            at=at,
            form=f"{routes.prefix}{FORM}",
        )
        return await answer(records, ticket, reach, response)

    @routes.get("/tickets/{id}/request", responses=may_answer(NotFound, NothingRequested, TooStale))
    async def read(id: TicketId, caller: Person, afterwards: BackgroundTasks) -> RequestView:
        """What is asked for with a ticket, to whoever may read the ticket."""
        ticket, reach = await found(records, reaching, id, caller)
        consulting.note(ticket, caller, afterwards)
        return shown(await _of(granting, id), ticket, reach)

    @routes.put(
        "/ops/ticket-requests/{id}/decision",
        responses=may_answer(
            *OF_AGENTS,
            InvalidIdentifier,
            NoStructureAsked,
            NothingRequested,
            AlreadyDecided,
            RequesterGone,
        ),
    )
    async def decide(
        id: TicketId, body: Decision, caller: Operator, if_match: IfMatch, response: Response
    ) -> RequestView:
        """
        Accept or refuse what is asked for with a ticket that you have taken.

        What is accepted is done by others; what they find against it stands here then. The ETag is
        the ticket's, as of all that is done to it.
        """
        _, reach = await found(records, reaching, id, caller)
        by = Doing(entry_id=new_entity_id(), reach=reach, now=now())
        request, ticket = await granting.decide(
            id,
            accepted=body.verdict == "accepted",
            answer=body.answer,
            structure=body.structure.asked(at="body/structure") if body.structure else None,
            if_match=if_match,
            by=by,
        )
        etag(response, ticket.version)
        return shown(request, ticket, reach)

    return routes


async def _of(granting: Granting, id: str) -> Request:
    request = await granting.requests.find(id)
    if request is None:
        raise NothingRequested
    return request


def shown(request: Request, ticket: Ticket, reach: Reach) -> RequestView:
    asked: dict[str, Any] = {"identifier_type": None, "identifier": None, "legal_name": None}
    if request.structure:
        asked = {name: getattr(request.structure, name) for name in asked}
    return RequestView(
        kind=request.kind,
        status=requests.shown(request, ticket),
        refusal=requests.refusal_shown(request, standing(ticket, reach)),
        structure_id=request.structure_id or None,
        **asked,
    )
