"""Letters to the support desk, as a mail server brings them (CRM-04)."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field

from kit.frame import BodyTooLarge
from kit.http import (
    Caller,
    ScopeMissing,
    SystemsOnly,
    WholePlatformOnly,
    may_answer,
    system,
)
from kit.problems import Problem
from services.support import incoming
from services.support.correspondence import Correspondence
from services.support.domain.incoming import (
    Filing,
    Incoming,
    NoSender,
    NothingWritten,
    PassedOver,
)
from services.support.domain.numbers import NoNumberFree
from services.support.incoming import NotReadable

LETTERS: Final = "/v1/incoming-letters"
MESSAGE: Final = "message/rfc822"
Bringer = Annotated[Caller, system("letters:write")]

A_LETTER: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {MESSAGE: {"schema": {"type": "string", "format": "binary"}}},
        "description": "The whole letter as it came, with its Return-Path.",
    }
}

log = structlog.get_logger(__name__)


class NotALetter(Problem):
    """A letter comes whole, one at a time: message/rfc822."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


async def _is_letter(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
    if content_type.partition(";")[0].strip().lower() != MESSAGE:
        raise NotALetter


class Received(BaseModel):
    """What becomes of a letter; its sender is answered by letter alone."""

    number: str | None = Field(
        description="Of its ticket, once its address is confirmed; null: it makes none"
    )
    passed_over: PassedOver | None = Field(description="Why it makes none, and is not answered")


def incoming_letter_routes(correspondence: Correspondence, filing: Filing) -> APIRouter:
    routes = APIRouter(tags=["support"])

    @routes.post(
        LETTERS,
        status_code=202,
        openapi_extra=A_LETTER,
        dependencies=[Depends(_is_letter)],
        responses=may_answer(
            NotALetter,
            NotReadable,
            NoSender,
            NothingWritten,
            BodyTooLarge,
            SystemsOnly,
            ScopeMissing,
            WholePlatformOnly,
            NoNumberFree,
        ),
    )
    async def receive(request: Request, caller: Bringer) -> Received:
        """
        Bring a letter to the support desk; again, it changes nothing.

        Whoever reads the mail of its sender is asked to confirm it, and the desk reads it then.
        """
        if caller.structures:
            raise WholePlatformOnly
        # What anybody may write can take the parser a while.
        letter = await asyncio.to_thread(incoming.read, await request.body())
        if not isinstance(letter, Incoming):
            log.info("A letter makes no ticket", passed_over=letter)
            return Received(number=None, passed_over=letter)
        content = incoming.content(letter, filing)
        form = await correspondence.write(letter.id, "question", content)
        return Received(number=form.number, passed_over=None)

    return routes
