"""Writing a ticket, keeping it as a draft, and sending it."""

from functools import partial
from typing import Final

from fastapi import APIRouter, Response

from kit.clock import now
from kit.collection import Ask
from kit.heard import TooStale
from kit.http import IfMatch, Person, may_answer, new_entity_id
from kit.problems import NotFound, PreconditionFailed
from services.support.api.fields import NewTicket, TicketId, Written
from services.support.api.tickets import answer, found
from services.support.attachments import TicketAttachments
from services.support.domain import writing
from services.support.domain.attachments import FilesChanged
from services.support.domain.contents import (
    HasItsOwnForm,
    Incomplete,
    NotAboutThis,
    NotAttached,
    NotForAStructure,
    NotYourUnit,
    OtherRecipient,
    OwnStructure,
    StructureInactive,
    UnknownCategory,
    UnknownRecipient,
)
from services.support.domain.numbers import NoNumberFree
from services.support.domain.portals import SupportNotOpen
from services.support.domain.table import EmitterOnly, NotInThisState, ReadsOnly
from services.support.domain.writing import NotADraft, Rewritten
from services.support.views.tickets import TicketView
from services.support.writing import Writing

WRONG: Final = (
    UnknownCategory,
    HasItsOwnForm,
    NotAboutThis,
    NotAttached,
    NotYourUnit,
    NotForAStructure,
    UnknownRecipient,
    OtherRecipient,
    OwnStructure,
    SupportNotOpen,
    TooStale,
)
"""What may be said of the words of any ticket, drafts too."""

READ_AGAIN: Final = 3
"""A draft that is rewritten while it is being sent."""


def writing_routes(keeping: Writing, attachments: TicketAttachments) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])
    records, reaching = keeping.records, keeping.reaching
    committer, speaking, catalogue = keeping.committer, keeping.speaking, keeping.catalogue

    @routes.post(
        "",
        status_code=201,
        responses=may_answer(*WRONG, Incomplete, StructureInactive, NoNumberFree),
    )
    async def write(body: NewTicket, caller: Person, response: Response) -> TicketView:
        """Send a ticket to the support desk, or keep it as a draft."""
        ticket, reach = await keeping.keep(
            new_entity_id(), body.content(), draft=body.draft, caller=caller, at=now()
        )
        return await answer(records, ticket, reach, response)

    @routes.put(
        "/{id}",
        responses=may_answer(
            *WRONG, NotFound, EmitterOnly, ReadsOnly, NotADraft, PreconditionFailed
        ),
    )
    async def rewrite(
        id: TicketId, body: Written, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Replace what a draft says."""
        _, reach = await found(records, reaching, id, caller)
        known = await speaking.known(caller, body.content())
        ticket = await records.tickets.change(
            id,
            lambda current: writing.rewrite(
                current,
                content=body.content(),
                reach=reach,
                known=known,
                catalogue=catalogue,
            ),
            if_match=if_match,
        )
        return await answer(records, ticket, reach, response)

    @routes.delete(
        "/{id}",
        status_code=204,
        responses=may_answer(
            NotFound,
            EmitterOnly,
            ReadsOnly,
            NotInThisState,
            FilesChanged,
            PreconditionFailed,
            TooStale,
        ),
    )
    async def discard(id: TicketId, caller: Person, if_match: IfMatch) -> None:
        """Throw a draft away for good, with its files; what was sent stays."""
        _, reach = await found(records, reaching, id, caller)
        await attachments.discard(id, reach=reach, if_match=if_match)

    @routes.put(
        "/{id}/submission",
        responses=may_answer(
            *WRONG,
            NotFound,
            EmitterOnly,
            ReadsOnly,
            Incomplete,
            StructureInactive,
            Rewritten,
            PreconditionFailed,
        ),
    )
    async def submit(
        id: TicketId, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Send a draft to the support desk."""
        for left in reversed(range(READ_AGAIN)):
            draft, reach = await found(records, reaching, id, caller)
            decide = partial(
                writing.submit,
                content=draft.content,
                reach=reach,
                known=await speaking.known(caller, draft.content, draft=True),
                catalogue=catalogue,
                now=now(),
            )
            places = records.tickets.at(id), records.entries.at(id)
            try:
                ticket, _ = await committer.keep(Ask(places, decide, if_match))
                break
            except Rewritten:
                if not left:
                    raise
        return await answer(records, ticket, reach, response)

    return routes
