"""The letters to somebody, as they find them here."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from kit.clock import now
from kit.collection import Collection
from kit.http import PeopleOnly, Said, may_answer
from kit.http import Person as Signed
from kit.pages import PageAsked
from kit.problems import NotFound
from kit.rights import RightsCopy
from services.notifications import views
from services.notifications.domain import reading
from services.notifications.domain.letters import Letter
from services.notifications.domain.people import Person
from services.notifications.rendering import Renderer
from services.notifications.views import MyLetters

LetterId = Annotated[str, Path(max_length=200)]


class Reading(Said):
    read: bool


def own_routes(
    people: Collection[Person],
    letters: Collection[Letter],
    rights: RightsCopy,
    renderer: Renderer,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/me/letters", tags=["letters"], responses=may_answer(PeopleOnly))

    @routes.get("")
    async def list_own_letters(
        caller: Signed, asked: PageAsked, unread: Annotated[bool, Query()] = False
    ) -> MyLetters:
        """One's own letters, newest first, sent or not; no link or code of them."""
        return await views.letters_of(
            caller.user_id, letters, people, renderer, rights=rights, unread=unread, asked=asked
        )

    @routes.put("/{id}/reading", status_code=204, responses=may_answer(NotFound))
    async def mark_letter(id: LetterId, marked: Reading, caller: Signed) -> None:
        """Mark one of one's own letters as read, or as unread."""
        at = now()
        await letters.change(
            id, lambda current: reading.mark(current, by=caller.user_id, read=marked.read, now=at)
        )

    return routes
