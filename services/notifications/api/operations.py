"""What operators ask about letters."""

from typing import Annotated

from fastapi import APIRouter, Query

from kit.collection import Collection
from kit.http import Operator
from kit.pages import Page, PageAsked
from services.notifications import views
from services.notifications.domain.letters import Letter, Status, Template
from services.notifications.domain.people import Person
from services.notifications.rendering import Language, Renderer
from services.notifications.views import LetterView, PreviewView, TemplateView


def operator_routes(
    people: Collection[Person], letters: Collection[Letter], renderer: Renderer
) -> APIRouter:
    routes = APIRouter(prefix="/v1/ops", tags=["operations"])

    @routes.get("/letters")
    async def list_letters(
        caller: Operator, asked: PageAsked, status: Annotated[Status | None, Query()] = None
    ) -> Page[LetterView]:
        """All letters, newest first; what could be followed or written to is taken out."""
        return await views.letters_written(letters, people, renderer, status, asked)

    @routes.get("/letter-templates")
    async def list_templates(caller: Operator) -> list[TemplateView]:
        """Every kind of letter, with its languages."""
        return views.templates()

    @routes.get("/letter-templates/{template}/preview")
    async def preview(
        template: Template, caller: Operator, language: Annotated[Language, Query()] = "fr"
    ) -> PreviewView:
        """How a letter looks, about people and structures that do not exist."""
        return views.preview(renderer, template, language)

    return routes
