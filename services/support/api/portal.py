"""Where somebody who needs help begins: the ways to reach support, and one's last tickets."""

from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kit.heard import TooStale
from kit.http import Person, may_answer
from kit.pages import Asked
from services.support.conversing import Conversing
from services.support.views import tickets as views
from services.support.views.tickets import TicketView

LAST: Final = 5


class Channel(BaseModel):
    name: Literal["assistant", "exchange", "ticket"]
    open: bool
    opens_at: datetime | None = Field(None, description="When agents are there again")


class PortalView(BaseModel):
    channels: list[Channel]
    last_tickets: list[TicketView] = Field(description="Those you wrote last, drafts too")


def portal_routes(conversing: Conversing) -> APIRouter:
    routes = APIRouter(prefix="/v1/support", tags=["support"])

    @routes.get("", responses=may_answer(TooStale))
    async def begin(caller: Person) -> PortalView:
        """How to reach support now, and the tickets you wrote last."""
        opens_at, is_open = conversing.hours()
        channels = [
            Channel(name="assistant", open=True),
            Channel(name="exchange", open=is_open, opens_at=None if is_open else opens_at),
            Channel(name="ticket", open=True),
        ]
        reach = await conversing.writing.reaching.everywhere(caller)
        last = await views.written_by(conversing.records, reach, None, Asked("", LAST))
        return PortalView(channels=channels, last_tickets=last.items)

    return routes
