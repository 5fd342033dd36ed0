"""Writing a ticket, keeping it as a draft, and sending it."""

from fastapi import APIRouter, Response

from kit.clock import now
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import IfMatch, Person, may_answer, new_entity_id
from kit.problems import NotFound, PreconditionFailed
from services.support.api.fields import NewTicket, TicketId, Written
from services.support.api.tickets import answer
from services.support.domain import numbers, writing
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Incomplete, NotAttached, UnknownCategory
from services.support.domain.numbers import NoNumberFree
from services.support.domain.portals import SupportNotOpen
from services.support.domain.tickets import readable
from services.support.domain.writing import NotADraft
from services.support.records import Records
from services.support.speaking import Speaking
from services.support.views.tickets import TicketView


def writing_routes(
    committer: Committer, records: Records, speaking: Speaking, catalogue: Catalogue
) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])

    @routes.post(
        "",
        status_code=201,
        responses=may_answer(
            UnknownCategory,
            NotAttached,
            Incomplete,
            NoNumberFree,
            SupportNotOpen,
            TooStale,
        ),
    )
    async def write(body: NewTicket, caller: Person, response: Response) -> TicketView:
        """Send a ticket to the support desk, or keep it as a draft."""
        id, at = new_entity_id(), now()
        attached_to = await speaking.attached(caller, body.structure_id)
        await speaking.require_open(caller, body.content())
        ticket, *_ = await committer.change_together(
            (records.tickets.at(id), *map(records.numbers.at, numbers.numbers_for(id))),
            lambda current, *claims: writing.write(
                current,
                *claims,
                id=id,
                content=body.content(),
                draft=body.draft,
                by=caller.user_id,
                attached_to=attached_to,
                catalogue=catalogue,
                now=at,
            ),
        )
        return answer(ticket, response)

    @routes.put(
        "/{id}",
        responses=may_answer(
            NotFound,
            NotADraft,
            PreconditionFailed,
            UnknownCategory,
            NotAttached,
            SupportNotOpen,
            TooStale,
        ),
    )
    async def rewrite(
        id: TicketId, body: Written, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Replace what a draft says."""
        attached_to = await speaking.attached(caller, body.structure_id)
        await speaking.require_open(caller, body.content())
        ticket = await records.tickets.change(
            id,
            lambda current: writing.rewrite(
                current,
                content=body.content(),
                by=caller.user_id,
                attached_to=attached_to,
                catalogue=catalogue,
            ),
            if_match=if_match,
        )
        return answer(ticket, response)

    @routes.put(
        "/{id}/submission",
        responses=may_answer(
            NotFound,
            UnknownCategory,
            NotAttached,
            Incomplete,
            SupportNotOpen,
            TooStale,
        ),
    )
    async def submit(id: TicketId, caller: Person, response: Response) -> TicketView:
        """Send a draft to the support desk."""
        found = await records.tickets.find(id)
        draft = readable(found, by=caller.user_id, operator=False)
        attached_to, at = await speaking.attached(caller, draft.content.structure_id), now()
        await speaking.require_open(caller, draft.content)
        ticket = await records.tickets.change(
            id,
            lambda current: writing.submit(
                current,
                by=caller.user_id,
                attached_to=attached_to,
                catalogue=catalogue,
                now=at,
            ),
        )
        return answer(ticket, response)

    return routes
