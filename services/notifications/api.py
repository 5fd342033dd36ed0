"""What notifications answers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from kit.collection import Collection
from kit.http import Operator
from kit.pages import Page, PageAsked
from services.notifications import views
from services.notifications.domain.letters import Letter, Status
from services.notifications.domain.people import Person
from services.notifications.rendering import Renderer
from services.notifications.views import LetterView


def api(people: Collection[Person], letters: Collection[Letter], renderer: Renderer) -> APIRouter:
    routes = APIRouter(prefix="/v1/ops", tags=["operations"])

    @routes.get("/letters")
    async def list_letters(
        caller: Operator, asked: PageAsked, status: Annotated[Status | None, Query()] = None
    ) -> Page[LetterView]:
        """All letters, newest first; what could be followed or written to is taken out."""
        return await views.letters_written(letters, people, renderer, status, asked)

    return routes
