"""What operators ask about letters."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query

from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.days import Day
from kit.http import Operator, may_answer
from kit.ids import EntityId
from kit.pages import Page, PageAsked, page
from services.notifications import suppressed_views, views
from services.notifications.domain import attempts, reading, suppressions
from services.notifications.domain.attempts import NoSuchLetter, NotToBeSentAgain
from services.notifications.domain.letters import Letter, Status, Template
from services.notifications.domain.people import Person
from services.notifications.domain.suppressions import NoSuchAddress
from services.notifications.refused import RefusedAddresses
from services.notifications.rendering import Language, Renderer
from services.notifications.suppressed_views import Counted, SuppressedView
from services.notifications.views import LetterRead, LetterView, PreviewView, Retried, TemplateView

LetterId = Annotated[str, Path(max_length=300)]


def operator_routes(
    committer: Committer,
    people: Collection[Person],
    letters: Collection[Letter],
    refused: RefusedAddresses,
    renderer: Renderer,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/ops", tags=["operations"])
    _letter_routes(routes, people, letters, renderer)
    _retry_routes(routes, committer, people, letters, renderer)
    _address_routes(routes, people, refused)
    _template_routes(routes, renderer)
    return routes


def _letter_routes(
    routes: APIRouter,
    people: Collection[Person],
    letters: Collection[Letter],
    renderer: Renderer,
) -> None:
    @routes.get("/letters")
    async def list_letters(
        caller: Operator, asked: PageAsked, status: Annotated[Status | None, Query()] = None
    ) -> Page[LetterView]:
        """All letters, newest first, without their words."""
        return await views.letters_written(letters, people, renderer, status, asked)

    @routes.get("/letters/{id}", responses=may_answer(NoSuchLetter))
    async def read_letter(id: LetterId, caller: Operator) -> LetterRead:
        """
        One letter with its words; what could be followed or written to is taken out.

        That you have read it is recorded before it is answered, and shown to whom it is for.
        """
        at = now()
        read = await letters.change(
            id, lambda current: reading.consult(current, by=caller.user_id, now=at)
        )
        return await views.letter_read(read, people, renderer)


def _retry_routes(
    routes: APIRouter,
    committer: Committer,
    people: Collection[Person],
    letters: Collection[Letter],
    renderer: Renderer,
) -> None:
    @routes.post("/letters/retries", status_code=202)
    async def send_failed_again(
        caller: Operator,
        asked: PageAsked,
        created_from: Annotated[Day | None, Query()] = None,
        created_until: Annotated[Day | None, Query()] = None,
    ) -> Retried:
        """
        Try once more to send all letters that were given up, oldest first, a page at a time.

        Ask again with `cursor` until `next` is null. The days are days in Europe/Paris, both
        included. Letters that have left, and those held back on purpose, are not among them.
        """
        where = views.given_up(created_from, created_until)
        found, following = await page(letters, where, asked, by="created_at", descending=False)
        if not found:
            return Retried(count=0)
        known = await people.many(sorted({one.recipient_id for one in found}))
        again = partial(attempts.send_all_again, known=known, now=now())
        kept = await committer.change_together(tuple(letters.at(one.id) for one in found), again)
        return Retried(count=sum(one.status == "waiting" for one in kept), next=following)

    @routes.post(
        "/letters/{id}/retry",
        status_code=202,
        responses=may_answer(NoSuchLetter, NotToBeSentAgain),
    )
    async def send_again(id: LetterId, caller: Operator) -> LetterView:
        """
        Try once more to send a letter that was given up or held back.

        It goes to the address known then, and keeps its Message-ID.
        """
        at, found = now(), await letters.find(id)
        known = found is not None and await people.find(found.recipient_id) is not None
        letter = await letters.change(
            id, lambda current: attempts.send_again(current, known=known, now=at)
        )
        return await views.letter(letter, people, renderer)


def _address_routes(
    routes: APIRouter, people: Collection[Person], refused: RefusedAddresses
) -> None:
    @routes.get("/suppressed-addresses")
    async def list_suppressed(caller: Operator, asked: PageAsked) -> Page[SuppressedView]:
        """Addresses that a mail server has refused for good, newest first."""
        return await suppressed_views.suppressed(refused, people, asked)

    @routes.get("/suppressed-addresses/count")
    async def count_suppressed(caller: Operator) -> Counted:
        """How many there are."""
        return await suppressed_views.count(refused)

    @routes.delete(
        "/suppressed-addresses/{id}", status_code=204, responses=may_answer(NoSuchAddress)
    )
    async def restore(id: EntityId, caller: Operator) -> None:
        """
        Let letters go to an address again.

        Those that were held back meanwhile leave only if each is sent again.
        """
        at = now()
        await refused.addresses.change(
            id, lambda current: suppressions.restore(current, by=caller.user_id, now=at)
        )


def _template_routes(routes: APIRouter, renderer: Renderer) -> None:
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
