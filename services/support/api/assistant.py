"""The assistant: what the articles say, and a draft where they say nothing that helps."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kit.clock import now
from kit.http import Anyone, Person, Said, may_answer, new_entity_id
from kit.one_line import lines
from services.support.api.fields import StructureId
from services.support.api.tickets import answer
from services.support.api.writing import WRONG
from services.support.domain.assistant import Article, Knowledge, form_of, handed_over
from services.support.domain.numbers import NoNumberFree
from services.support.markup import as_markup
from services.support.views.tickets import TicketView
from services.support.writing import Writing

Question = Annotated[str, lines(1000)]


class Asked(Said):
    question: Question


class HandedOver(Asked):
    """What was asked, to be sent to the support desk once its writer has looked at it."""

    structure_id: StructureId | None = Field(None, description="For which structure you write")


class ArticleView(BaseModel):
    reference: str
    title: str
    passages: list[str]
    form: str | None = Field(description="The route by which what it is about is asked for")


class AnswerView(BaseModel):
    """What the articles say, and nothing else; `answered` says whether any of them does."""

    answered: bool
    articles: list[ArticleView]


class ArticlesView(BaseModel):
    items: list[ArticleView]


def assistant_routes(knowledge: Knowledge, writing: Writing) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])

    @routes.get("/assistant/articles")
    async def list_articles(caller: Person) -> ArticlesView:
        """All that the assistant knows."""
        return ArticlesView(items=[shown(one, one.passages) for one in knowledge.articles])

    @routes.post("/assistant/questions")
    async def ask(body: Asked, caller: Person) -> AnswerView:
        """
        Ask the assistant, at any hour. It answers with passages of its articles, or says that none
        speaks of this. Nothing of the question is kept.
        """
        return answered(body.question)

    @routes.post("/public-tickets/questions")
    async def ask_first(body: Asked, caller: Anyone) -> AnswerView:
        """The same, for who has not signed in: before they write to the support desk."""
        return answered(body.question)

    @routes.post(
        "/assistant/handovers", status_code=201, responses=may_answer(*WRONG, NoNumberFree)
    )
    async def hand_over(body: HandedOver, caller: Person, response: Response) -> TicketView:
        """
        Have a draft of a ticket written with what was asked, filed as far as that is known.

        What has a form of its own is asked for there, as the answer names it: a draft is filed
        under its category alone.
        """
        content = handed_over(
            body.question,
            as_markup(body.question),
            knowledge,
            writing.catalogue,
            structure_id=body.structure_id,
        )
        ticket, reach = await writing.keep(
            new_entity_id(), content, draft=True, caller=caller, at=now()
        )
        return await answer(writing.records, ticket, reach, response)

    def answered(question: str) -> AnswerView:
        found = knowledge.suggest(question)
        articles = [shown(one.article, one.passages) for one in found]
        return AnswerView(answered=bool(articles), articles=articles)

    def shown(article: Article, passages: tuple[str, ...]) -> ArticleView:
        return ArticleView(
            reference=article.reference,
            title=article.title,
            passages=[*passages],
            form=form_of(article, writing.catalogue) or None,
        )

    return routes
