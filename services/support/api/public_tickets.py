"""Writing to the support desk without having signed in."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from kit.addresses import Email
from kit.http import Anyone, Said, may_answer, new_entity_id
from kit.links import LinkExpired, LinkInvalid
from kit.one_line import lines
from kit.robots import FOR_PEOPLE, OpenForm, Robots
from services.support.api.fields import Code, ObjectNumber, Plain, Text, Title
from services.support.correspondence import Correspondence
from services.support.domain.contents import (
    Content,
    HasItsOwnForm,
    Incomplete,
    NotAboutThis,
    UnknownCategory,
)
from services.support.domain.forms import REACTIVATION, Form, FormOver, SignInForThis
from services.support.domain.numbers import NoNumberFree
from services.support.domain.objects import ObjectType
from services.support.domain.replies import ReplyOver
from services.support.domain.states import State
from services.support.domain.table import NotInThisState
from services.support.markup import as_markup

WRONG: Final = (UnknownCategory, HasItsOwnForm, NotAboutThis, Incomplete)
Reason = Annotated[
    str,
    lines(1000),
    AfterValidator(as_markup),
    StringConstraints(min_length=1),
]
REACTIVATION_TITLE = "Demande de réactivation de compte"


class PublicTicket(OpenForm):
    email: Email = Field(description="Where the answer goes, once you have confirmed it")
    category: Code
    subcategory: Code = Field(description="None of those that name a recipient")
    object_type: ObjectType | None = Field(
        None, description="Left out: the first of its sub-category"
    )
    object_number: ObjectNumber = ""
    title: Title
    description: Plain = Field("", description="Plain text")


class PublicReactivation(OpenForm):
    email: Email = Field(description="The login address of the account")
    reason: Reason


class Linked(Said):
    token: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Refusal(Linked):
    text: Text = Field(description="What is wrong with the answer")


class Sent(BaseModel):
    """A link is on its way to the address that was given; what was written waits for it."""

    number: str
    status: Literal["unconfirmed"] = "unconfirmed"
    expires_at: datetime = Field(description="What is not confirmed by then is forgotten")


class Confirmed(BaseModel):
    number: str
    status: Literal["open"] = "open"


class Replied(BaseModel):
    """What became of it, and no more: a link shows nothing to whoever finds it."""

    number: str
    state: State


def public_ticket_routes(correspondence: Correspondence, robots: Robots) -> APIRouter:
    routes = APIRouter(prefix="/v1/public-tickets", tags=["support"])

    @routes.post(
        "",
        status_code=201,
        responses=may_answer(*FOR_PEOPLE, *WRONG, SignInForThis, NoNumberFree),
    )
    async def write(body: PublicTicket, caller: Anyone) -> Sent:
        """
        Write to the support desk. It is read once you have followed the link of a letter.

        The answer comes by letter; nothing of it can be read here.
        """
        await robots.keep_out(body.proof)
        content = Content(
            category=body.category,
            subcategory=body.subcategory,
            object_type=body.object_type,
            object_number=body.object_number,
            title=body.title,
            description=body.description,
            contact_email=body.email,
        )
        return _sent(await correspondence.write(new_entity_id(), "question", content))

    @routes.post("/reactivations", status_code=201, responses=may_answer(*FOR_PEOPLE, NoNumberFree))
    async def ask_back(body: PublicReactivation, caller: Anyone) -> Sent:
        """
        Ask for an account that was deactivated more than 60 days ago.

        The answer is the same for anyone. What the desk decides comes by letter.
        """
        await robots.keep_out(body.proof)
        category, subcategory = REACTIVATION
        content = Content(
            category=category,
            subcategory=subcategory,
            title=REACTIVATION_TITLE,
            description=body.reason,
            contact_email=body.email,
        )
        return _sent(await correspondence.write(new_entity_id(), "reactivation", content))

    @routes.post("/confirmation", responses=may_answer(LinkInvalid, LinkExpired, FormOver))
    async def confirm(body: Linked, caller: Anyone) -> Confirmed:
        """Say with the link of the letter that the address is yours: the desk reads it now."""
        ticket = await correspondence.confirm(body.token)
        return Confirmed(number=ticket.number)

    _replying(routes, correspondence)
    return routes


def _replying(routes: APIRouter, correspondence: Correspondence) -> None:
    refused = may_answer(LinkInvalid, LinkExpired, ReplyOver, NotInThisState)

    @routes.post("/acceptance", responses=refused)
    async def accept(body: Linked, caller: Anyone) -> Replied:
        """Accept the answer by the link of its letter, which closes the ticket."""
        ticket = await correspondence.reply("accept", body.token)
        return Replied(number=ticket.number, state=ticket.state)

    @routes.post("/refusals", responses=refused)
    async def refuse(body: Refusal, caller: Anyone) -> Replied:
        """Refuse the answer by the link of its letter, and say what is wrong with it."""
        ticket = await correspondence.reply("refuse", body.token, body.text)
        return Replied(number=ticket.number, state=ticket.state)


def _sent(form: Form) -> Sent:
    return Sent(number=form.number, expires_at=form.expires_at)
