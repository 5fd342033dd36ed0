"""What is done to a ticket: by those who treat it, and by those who sent it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from kit.change import Change
from kit.clock import now
from kit.collection import Ask
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import Caller, IfMatch, Person, Said, may_answer, new_entity_id
from kit.problems import NotFound, PreconditionFailed, Problem
from services.support.api.fields import Code, ObjectNumber, StructureId, Text, TicketId
from services.support.api.tickets import answer, found
from services.support.consulting import Consulting
from services.support.conversing import Conversing
from services.support.domain import acts
from services.support.domain.activity import Entry
from services.support.domain.acts import Changes, ClosedToEmitter, Doing, NobodySigned
from services.support.domain.clocks import Timing
from services.support.domain.contents import (
    About,
    HasItsOwnForm,
    Incomplete,
    NotAboutThis,
    NotForAStructure,
    OtherRecipient,
    OwnStructure,
    StructureInactive,
    UnknownCategory,
    UnknownRecipient,
)
from services.support.domain.objects import ObjectType
from services.support.domain.promises import kept_up
from services.support.domain.reach import Reach
from services.support.domain.table import (
    Act,
    EmitterOnly,
    NobodyToAsk,
    NotInThisState,
    NotTaken,
    NotYourOwn,
    ReadsOnly,
    TakenByAnother,
    TreatedElsewhere,
)
from services.support.domain.tickets import Ticket
from services.support.reaching import Reaching
from services.support.records import Records
from services.support.speaking import Speaking
from services.support.views.tickets import TicketView

OF_EMITTERS: Final[tuple[type[Problem], ...]] = (
    NotFound,
    EmitterOnly,
    ReadsOnly,
    NotInThisState,
    PreconditionFailed,
    TooStale,
)
OF_AGENTS: Final[tuple[type[Problem], ...]] = (
    NotFound,
    NotYourOwn,
    TreatedElsewhere,
    ReadsOnly,
    NotInThisState,
    NotTaken,
    TakenByAnother,
    PreconditionFailed,
    TooStale,
)


class Words(Said):
    text: Text


class Filing(Said):
    category: Code
    subcategory: Code
    object_type: ObjectType | None = Field(
        None, description="What it is about, if that has to be corrected"
    )
    object_number: ObjectNumber = Field("", description="Its number, if that has to be added")
    recipient_structure_id: StructureId | None = Field(
        None, description="Left out: whom the object was sent to, if that is known"
    )


class Acting:
    """Applies one act to a ticket, for whoever asks."""

    def __init__(
        self,
        committer: Committer,
        records: Records,
        reaching: Reaching,
        timing: Timing,
        *,
        conversing: Conversing,
        consulting: Consulting,
    ) -> None:
        self.records, self._consulting = records, consulting
        self._committer, self._reaching, self._timing = committer, reaching, timing
        self._conversing = conversing

    async def found(self, id: str, caller: Caller) -> tuple[Ticket, Reach]:
        return await found(self.records, self._reaching, id, caller)

    async def on(
        self,
        id: str,
        decide: Callable[..., Changes],
        caller: Caller,
        if_match: int | None,
        response: Response,
        **said: Any,
    ) -> TicketView:
        _, reach = await self.found(id, caller)
        by = Doing(entry_id=new_entity_id(), reach=reach, now=now())
        own = self.records.tickets.at(id), self.records.entries.at(by.entry_id)
        beside = await self._conversing.beside(id)

        def act(
            ticket: Ticket | None, entry: Entry | None, *beside: Any
        ) -> tuple[Change[Any], ...]:
            done = decide(ticket, entry, **said, by=by)
            kept = kept_up(ticket, done, self._timing, now=by.now)
            return *kept, *self._conversing.follow(kept[0].state, *beside, at=by.now)

        ticket, entry, *left = await self._committer.keep(Ask((*own, *beside), act, if_match))
        if entry is None:
            # It was so already: the ticket is read all the same.
            await self._consulting.noted(ticket, caller)
        if left:
            self._conversing.waiting.ring(left[0])
        return await answer(self.records, ticket, reach, response)


def emitter_routes(acting: Acting) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])

    @routes.post("/{id}/information", responses=may_answer(*OF_EMITTERS))
    async def inform(
        id: TicketId, body: Words, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Give what you were asked for: the ticket goes back to those who treat it."""
        return await acting.on(id, _write("inform"), caller, if_match, response, text=body.text)

    @routes.post("/{id}/refusals", responses=may_answer(*OF_EMITTERS))
    async def refuse(
        id: TicketId, body: Words, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Refuse the solution and say what is wrong: another is expected."""
        return await acting.on(id, _write("refuse"), caller, if_match, response, text=body.text)

    @routes.put("/{id}/acceptance", responses=may_answer(*OF_EMITTERS))
    async def accept(
        id: TicketId, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Accept the solution, which closes the ticket."""
        return await acting.on(id, _end("accept"), caller, if_match, response)

    @routes.put("/{id}/closure", responses=may_answer(*OF_EMITTERS))
    async def close(
        id: TicketId, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Close a ticket that needs no answer any more."""
        return await acting.on(id, _end("close"), caller, if_match, response)

    return routes


def agent_routes(acting: Acting, speaking: Speaking) -> APIRouter:
    routes = APIRouter(prefix="/v1/tickets", tags=["support"])

    @routes.put("/{id}/assignment", responses=may_answer(*OF_AGENTS))
    async def take(
        id: TicketId,
        caller: Person,
        if_match: IfMatch,
        response: Response,
        instead_of: Annotated[
            str | None,
            Query(max_length=64, description="From which colleague you take it over"),
        ] = None,
    ) -> TicketView:
        """Take a ticket before you treat it, or take it over from a colleague you name."""
        return await acting.on(id, acts.take, caller, if_match, response, instead_of=instead_of)

    @routes.delete("/{id}/assignment", responses=may_answer(*OF_AGENTS))
    async def release(
        id: TicketId, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Leave a ticket to whoever takes it next."""
        return await acting.on(id, acts.release, caller, if_match, response)

    @routes.post("/{id}/questions", responses=may_answer(*OF_AGENTS, NobodyToAsk))
    async def ask(
        id: TicketId, body: Words, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Ask the emitter for more: the ticket waits for them."""
        return await acting.on(id, _write("ask"), caller, if_match, response, text=body.text)

    @routes.post("/{id}/solutions", responses=may_answer(*OF_AGENTS))
    async def propose(
        id: TicketId, body: Words, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Answer: the emitter accepts the solution, or refuses it."""
        return await acting.on(id, _write("answer"), caller, if_match, response, text=body.text)

    @routes.post("/{id}/notes", responses=may_answer(*OF_AGENTS))
    async def note(
        id: TicketId, body: Words, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Note something for those who treat the ticket; its emitter never reads it."""
        return await acting.on(id, _write("note"), caller, if_match, response, text=body.text)

    @routes.put("/{id}/transfer", responses=may_answer(*OF_AGENTS))
    async def transfer(
        id: TicketId, body: Words, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Hand a ticket to the support desk and say why; the desk may take one to itself."""
        return await acting.on(id, acts.transfer, caller, if_match, response, text=body.text)

    @routes.put(
        "/{id}/category",
        responses=may_answer(
            *OF_AGENTS,
            UnknownCategory,
            HasItsOwnForm,
            UnknownRecipient,
            OtherRecipient,
            OwnStructure,
            Incomplete,
            NotAboutThis,
            NotForAStructure,
            StructureInactive,
            ClosedToEmitter,
            NobodySigned,
        ),
    )
    async def refile(
        id: TicketId, body: Filing, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """File a ticket elsewhere; a business sub-category hands it to the recipient you name."""
        named = body.recipient_structure_id
        ticket, _ = await acting.found(id, caller)
        about = About(object_type=body.object_type, object_number=body.object_number)
        filed = replace(ticket.content, category=body.category, subcategory=body.subcategory)
        sent_to = await speaking.sent_to(about.of(filed))
        to = named or (sent_to if ticket.treated_by == "desk" else None)
        written, emitter = ticket.content.structure_id, ticket.emitter_id
        return await acting.on(
            id,
            acts.refile,
            caller,
            if_match,
            response,
            category=body.category,
            subcategory=body.subcategory,
            about=about,
            recipient=await acting.records.structures.find(to) if to else None,
            named=named is not None,
            lets_in=to is None or await speaking.open_to(emitter, written, to),
            sent_to=sent_to,
            catalogue=speaking.catalogue,
        )

    return routes


def _write(act: Act) -> Callable[..., Changes]:
    return lambda ticket, entry, **said: acts.write(act, ticket, entry, **said)


def _end(act: Act) -> Callable[..., Changes]:
    return lambda ticket, entry, **said: acts.end(act, ticket, entry, **said)
