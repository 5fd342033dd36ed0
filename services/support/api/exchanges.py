"""Written exchanges with an agent of the support desk."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, BackgroundTasks, Query, Response
from pydantic import BaseModel, Field

from kit.heard import TooStale
from kit.http import IfMatch, Operator, Person, Said, etag, may_answer, new_entity_id
from kit.one_line import lines
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.support.api.acts import OF_AGENTS
from services.support.api.fields import Code, StructureId, TicketId
from services.support.api.writing import WRONG
from services.support.consulting import Consulting
from services.support.conversing import Conversing
from services.support.domain.contents import StructureInactive
from services.support.domain.exchanges import (
    AlreadyTalking,
    End,
    Exchange,
    ExchangeFull,
    ExchangeOver,
    ForAgents,
    NotTakenYet,
    State,
    UnknownTheme,
    offered,
    question_listed,
)
from services.support.domain.numbers import NoNumberFree
from services.support.domain.table import ReadsOnly
from services.support.domain.tickets import Ticket
from services.support.markup import as_markup

LONGEST_WAIT: Final = 10
"""Seconds; less than the gateway waits for an answer."""
Words = Annotated[str, lines(2000)]


class NewExchange(Said):
    theme: Code
    text: Words = Field(description="What it is about. Plain text")
    structure_id: StructureId | None = Field(None, description="For which structure you write")


class Message(Said):
    text: Words


class Ending(Said):
    answer: Annotated[str, lines(10_000, least=0)] = Field(
        "", description="Of an agent: what answers the question, proposed as the ticket's solution"
    )


class ThemeView(BaseModel):
    code: str
    label: str


class ThemesView(BaseModel):
    """`open`: whether agents are there; else an exchange is a ticket at once."""

    items: list[ThemeView]
    open: bool
    opens_at: datetime = Field(description="Now, or when agents are there again")


class ExchangeView(BaseModel):
    """Its ticket has the same id, and is there whatever becomes of the exchange."""

    id: str
    number: str
    theme: str
    question: str = Field(
        description="HTML in which nothing acts; in lists only while it waits for an agent"
    )
    state: State
    agent: bool = Field(description="Whether an agent has it")
    messages: int
    started_at: datetime
    over_at: datetime | None
    end: End | None


class MessageView(BaseModel):
    position: int
    side: Literal["emitter", "desk"]
    mine: bool
    text: str = Field(description="Plain text: whoever shows it escapes it")
    at: datetime


class MessagesView(BaseModel):
    """`after` of the next request is the greatest `position` that was read."""

    items: list[MessageView]
    state: State


def exchange_routes(conversing: Conversing, consulting: Consulting) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])

    @routes.get("/exchange-themes")
    async def list_themes(caller: Person) -> ThemesView:
        """What an exchange may be about, and whether agents are there."""
        opens_at, is_open = conversing.hours()
        about = offered(conversing.themes)
        themes = [ThemeView(code=one.code, label=one.label) for one in about]
        return ThemesView(items=themes, open=is_open, opens_at=opens_at)

    @routes.post(
        "/exchanges",
        status_code=201,
        responses=may_answer(*WRONG, StructureInactive, NoNumberFree, UnknownTheme, AlreadyTalking),
    )
    async def begin(body: NewExchange, caller: Person, response: Response) -> ExchangeView:
        """
        Ask to talk to an agent. Where none is there, the ticket alone is left: nothing is lost.
        """
        id = new_entity_id()
        exchange, ticket = await conversing.begin(
            id, body.theme, as_markup(body.text), body.structure_id, caller
        )
        response.headers["Location"] = f"/v1/exchanges/{id}"
        return answered(exchange, ticket, response)

    @routes.get("/exchanges/{id}", responses=may_answer(NotFound, TooStale))
    async def read(
        id: TicketId, caller: Person, response: Response, afterwards: BackgroundTasks
    ) -> ExchangeView:
        exchange, ticket = await conversing.known(id, caller)
        consulting.note(ticket, caller, afterwards)
        return answered(exchange, ticket, response)

    @routes.get("/exchanges/{id}/messages", responses=may_answer(NotFound, TooStale))
    async def listen(
        id: TicketId,
        caller: Person,
        afterwards: BackgroundTasks,
        after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        wait: Annotated[int, Query(ge=0, le=LONGEST_WAIT, description="Seconds")] = 0,
    ) -> MessagesView:
        """
        What was said after a position, in order. With `wait`, as soon as there is something.

        Whoever comes back gives the position they have read: nothing is lost, nothing comes twice.
        """
        exchange, ticket, said = await conversing.listen(id, caller, after=after, wait=wait)
        consulting.note(ticket, caller, afterwards)
        return MessagesView(
            items=[
                MessageView(
                    position=one.rank,
                    side="emitter" if one.side == "emitter" else "desk",
                    mine=one.by == caller.user_id,
                    text=one.text,
                    at=one.at,
                )
                for one in said
            ],
            state=exchange.state,
        )

    @routes.post(
        "/exchanges/{id}/messages",
        status_code=201,
        responses=may_answer(
            NotFound, ExchangeOver, ExchangeFull, NotTakenYet, ReadsOnly, TooStale
        ),
    )
    async def say(id: TicketId, body: Message, caller: Person) -> MessageView:
        """Say something, as whoever began it or as the agent who has it."""
        entry = await conversing.say(id, new_entity_id(), body.text, caller)
        return MessageView(
            position=entry.rank,
            side="emitter" if entry.side == "emitter" else "desk",
            mine=True,
            text=entry.text,
            at=entry.at,
        )

    @routes.put(
        "/exchanges/{id}/end",
        responses=may_answer(NotFound, NotTakenYet, ExchangeOver, ForAgents, *OF_AGENTS),
    )
    async def end(
        *,
        id: TicketId,
        body: Ending,
        caller: Person,
        if_match: IfMatch,
        response: Response,
        afterwards: BackgroundTasks,
    ) -> ExchangeView:
        """End it. Its ticket goes on."""
        exchange, ticket = await conversing.end(id, body.answer, caller, if_match=if_match)
        consulting.note(ticket, caller, afterwards)
        return answered(exchange, ticket, response)

    @routes.get("/ops/exchanges")
    async def queue(
        caller: Operator, asked: PageAsked, state: Annotated[State, Query()] = "queued"
    ) -> Page[ExchangeView]:
        """Those who wait for an agent, the longest first; or those under way, or over."""
        found, following = await page(
            conversing.exchanges, {"state": state}, asked, by="started_at", descending=False
        )
        tickets = await conversing.records.tickets.many([one.id for one in found])
        items = [_listed(one, tickets[one.id]) for one in found if one.id in tickets]
        return Page(items=items, next=following)

    @routes.put("/ops/exchanges/{id}/agent", responses=may_answer(*OF_AGENTS, ExchangeOver))
    async def take(
        id: TicketId, caller: Operator, if_match: IfMatch, response: Response
    ) -> ExchangeView:
        """Talk to whoever waits. Of two agents the second is told that it is taken."""
        exchange, ticket = await conversing.take(id, new_entity_id(), caller, if_match=if_match)
        return answered(exchange, ticket, response)

    return routes


def _listed(exchange: Exchange, ticket: Ticket) -> ExchangeView:
    view = shown(exchange, ticket)
    return view if question_listed(exchange) else view.model_copy(update={"question": ""})


def answered(exchange: Exchange, ticket: Ticket, response: Response) -> ExchangeView:
    etag(response, exchange.version)
    return shown(exchange, ticket)


def shown(exchange: Exchange, ticket: Ticket) -> ExchangeView:
    return ExchangeView(
        id=exchange.id,
        number=ticket.number,
        theme=exchange.theme,
        question=ticket.content.description,
        state=exchange.state,
        agent=ticket.assignee_id is not None,
        messages=exchange.messages,
        started_at=exchange.started_at,
        over_at=exchange.over_at,
        end=exchange.end,
    )
