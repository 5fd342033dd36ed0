"""Where somebody who needs help begins: the ways to reach support, and one's last tickets."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kit.heard import TooStale
from kit.http import Person, may_answer
from kit.pages import Asked
from services.support.conversing import Conversing
from services.support.sought import Sought
from services.support.views.lines import Lines, TicketLine

LAST: Final = 5


class Channel(BaseModel):
    name: Literal["assistant", "exchange", "ticket"]
    open: bool
    opens_at: Annotated[datetime | None, Field(description="When agents are there again")] = None


class PortalView(BaseModel):
    channels: list[Channel]
    emitted: list[TicketLine] = Field(description="The last tickets that you see as emitter")
    received: list[TicketLine] = Field(description="The last ones that you see as recipient")


def portal_routes(conversing: Conversing, lines: Lines) -> APIRouter:
    routes = APIRouter(prefix="/v1/support", tags=["support"])

    @routes.get("", responses=may_answer(TooStale))
    async def begin(caller: Person) -> PortalView:
        """How to reach support now, and your last tickets."""
        opens_at, is_open = conversing.hours()
        channels = [
            Channel(name="assistant", open=True),
            Channel(name="exchange", open=is_open, opens_at=None if is_open else opens_at),
            Channel(name="ticket", open=True),
        ]
        reach = await conversing.writing.reaching.everywhere(caller)
        asked = Asked("", LAST)
        emitted = await lines.page(reach, Sought(view="emitted"), asked, grouped=False)
        received = await lines.page(reach, Sought(view="received"), asked, grouped=False)
        return PortalView(channels=channels, emitted=emitted.items, received=received.items)

    return routes
