"""What support answers over HTTP."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, StringConstraints

from kit.clock import now, today
from kit.collection import Collection
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import Caller, IfMatch, Person, etag, may_answer, new_entity_id
from kit.pages import Page, PageAsked
from kit.problems import NotFound, PreconditionFailed
from kit.rights import RightsCopy
from services.support import domain, views
from services.support.domain import Catalogue, Contact, Content, Number, Portal, State, Ticket
from services.support.views import CategoriesView, TicketView

TicketId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
StructureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Code = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^\P{Cc}*$")
]
Text = Annotated[str, StringConstraints(max_length=10_000)]


class Written(BaseModel):
    """What a ticket says; a draft may leave any of it out."""

    category: Code = ""
    subcategory: Code = ""
    title: Line = ""
    description: Text = ""
    structure_id: StructureId | None = None
    recipient_structure_id: StructureId | None = None

    def content(self) -> Content:
        return Content(**{name: getattr(self, name) for name in Written.model_fields})


class NewTicket(Written):
    draft: bool = False


@dataclass(frozen=True, slots=True)
class OpenTo:
    """Whose support is open to whom, as the suppliers say."""

    portals: Collection[Portal]
    contacts: Collection[Contact]
    rights: RightsCopy

    async def require(self, caller: Caller, content: Content) -> None:
        """Refuse what a client's people write to a supplier that closed its support to them."""
        recipient = content.recipient_structure_id
        if recipient is None:
            return
        clients = [content.structure_id] if content.structure_id else []
        if not clients:
            held = await self.rights.of_user(caller.user_id)
            clients = [one.structure_id for one in held if one.valid(today())]
        ids = [
            (domain.portal_id(one, recipient), domain.contact_id(one, recipient, caller.user_id))
            for one in clients
        ]
        portals = await self.portals.many([portal for portal, _ in ids])
        contacts = await self.contacts.many([contact for _, contact in ids])
        domain.require_support(
            (portals.get(portal), contacts.get(contact)) for portal, contact in ids
        )


def api(
    committer: Committer,
    tickets: Collection[Ticket],
    numbers: Collection[Number],
    rights: RightsCopy,
    catalogue: Catalogue,
    *,
    open_to: OpenTo,
) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])

    async def attached(caller: Caller, structure_id: str | None) -> frozenset[str]:
        if structure_id is None:
            return frozenset()
        held = await rights.of(caller.user_id, structure_id)
        return frozenset({structure_id} if held and held.valid(today()) else ())

    @routes.get("/ticket-categories")
    async def list_categories(caller: Person) -> CategoriesView:
        """All that a ticket may be filed under, and what each asks for."""
        return views.categories(catalogue)

    @routes.post(
        "/tickets",
        status_code=201,
        responses=may_answer(
            domain.UnknownCategory,
            domain.NotAttached,
            domain.Incomplete,
            domain.NoNumberFree,
            domain.SupportNotOpen,
            TooStale,
        ),
    )
    async def write(body: NewTicket, caller: Person, response: Response) -> TicketView:
        """Send a ticket to the support desk, or keep it as a draft."""
        id, at = new_entity_id(), now()
        attached_to = await attached(caller, body.structure_id)
        await open_to.require(caller, body.content())
        ticket, *_ = await committer.change_together(
            (tickets.at(id), *map(numbers.at, domain.numbers_for(id))),
            lambda current, *claims: domain.write(
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

    @routes.get("/tickets")
    async def list_mine(
        caller: Person, asked: PageAsked, state: Annotated[State | None, Query()] = None
    ) -> Page[TicketView]:
        """The tickets you wrote, newest first."""
        return await views.written_by(tickets, caller.user_id, state, asked)

    @routes.get("/tickets/{id}", responses=may_answer(NotFound))
    async def read(id: TicketId, caller: Person, response: Response) -> TicketView:
        found = await tickets.find(id)
        ticket = domain.readable(found, by=caller.user_id, operator=caller.operator)
        return answer(ticket, response)

    @routes.put(
        "/tickets/{id}",
        responses=may_answer(
            NotFound,
            domain.NotADraft,
            PreconditionFailed,
            domain.UnknownCategory,
            domain.NotAttached,
            domain.SupportNotOpen,
            TooStale,
        ),
    )
    async def rewrite(
        id: TicketId, body: Written, caller: Person, if_match: IfMatch, response: Response
    ) -> TicketView:
        """Replace what a draft says."""
        attached_to = await attached(caller, body.structure_id)
        await open_to.require(caller, body.content())
        ticket = await tickets.change(
            id,
            lambda current: domain.rewrite(
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
        "/tickets/{id}/submission",
        responses=may_answer(
            NotFound,
            domain.UnknownCategory,
            domain.NotAttached,
            domain.Incomplete,
            domain.SupportNotOpen,
            TooStale,
        ),
    )
    async def submit(id: TicketId, caller: Person, response: Response) -> TicketView:
        """Send a draft to the support desk."""
        found = await tickets.find(id)
        draft = domain.readable(found, by=caller.user_id, operator=False)
        attached_to, at = await attached(caller, draft.content.structure_id), now()
        await open_to.require(caller, draft.content)
        ticket = await tickets.change(
            id,
            lambda current: domain.submit(
                current,
                by=caller.user_id,
                attached_to=attached_to,
                catalogue=catalogue,
                now=at,
            ),
        )
        return answer(ticket, response)

    @routes.put("/tickets/{id}/closure", responses=may_answer(NotFound, domain.NotInThisState))
    async def close(id: TicketId, caller: Person, response: Response) -> TicketView:
        """Close a ticket that needs no answer any more."""
        at = now()
        ticket = await tickets.change(
            id, lambda current: domain.close(current, by=caller.user_id, now=at)
        )
        return answer(ticket, response)

    return routes


def answer(ticket: Ticket, response: Response) -> TicketView:
    etag(response, ticket.version)
    return views.shown(ticket)
