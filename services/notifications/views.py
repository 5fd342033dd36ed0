"""What operators read about letters: never a link that works, never a whole address."""

from datetime import datetime
from typing import Any, Final, get_args

from pydantic import BaseModel, Field

from kit.collection import Collection
from kit.pages import Asked, Page, page
from services.notifications import samples
from services.notifications.domain.letters import DIGITS, Letter, Status, Template, address
from services.notifications.domain.letters import recipient as to_whom
from services.notifications.domain.people import Person
from services.notifications.domain.suppressions import SuppressedAddress
from services.notifications.refused import RefusedAddresses
from services.notifications.rendering import LANGUAGES, Language, Rendered, Renderer, masked

NOW_SUPPRESSED: Final[dict[str, Any]] = {"restored_at": None}
NOTHING = Rendered("", "", "")


class LetterView(BaseModel):
    """A letter as an operator sees it."""

    id: str
    template: Template
    recipient_id: str
    address: str | None
    subject: str
    status: Status
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    last_error: str
    text: str


class SuppressedView(BaseModel):
    """An address that letters are kept from; never the address itself."""

    id: str
    user_id: str | None
    address: str | None = Field(description="Masked; null if its user has another one now")
    code: str
    answer: str
    letter_id: str
    since: datetime


class Counted(BaseModel):
    count: int


class TemplateView(BaseModel):
    """One kind of letter."""

    template: Template
    languages: tuple[Language, ...]


class PreviewView(BaseModel):
    """A letter that was written to nobody."""

    template: Template
    language: Language
    subject: str
    text: str
    html: str


async def letters_written(
    letters: Collection[Letter],
    people: Collection[Person],
    renderer: Renderer,
    status: Status | None,
    asked: Asked,
) -> Page[LetterView]:
    where = {"status": status} if status else {}
    found, following = await page(letters, where, asked, by="created_at")
    named = {one.recipient_id for one in found} | {one.about_id for one in found if one.about_id}
    known = await people.many(sorted(named))
    return Page(
        items=[_shown(letter, known, renderer) for letter in found],
        next=following,
    )


async def letter(letter: Letter, people: Collection[Person], renderer: Renderer) -> LetterView:
    known = await people.many([letter.recipient_id, letter.about_id or ""])
    return _shown(letter, known, renderer)


async def suppressed(
    refused: RefusedAddresses, people: Collection[Person], asked: Asked
) -> Page[SuppressedView]:
    found, following = await page(refused.addresses, NOW_SUPPRESSED, asked, by="since")
    known = await people.many(sorted({one.user_id for one in found if one.user_id}))
    return Page(
        items=[
            SuppressedView(
                id=one.id,
                user_id=one.user_id,
                address=_masked(refused, one, known.get(one.user_id or "")),
                code=one.code,
                answer=one.answer,
                letter_id=one.letter_id,
                since=one.since,
            )
            for one in found
        ],
        next=following,
    )


async def count_suppressed(refused: RefusedAddresses) -> int:
    return int(await refused.addresses.documents.count_documents(NOW_SUPPRESSED))


def _masked(refused: RefusedAddresses, one: SuppressedAddress, user: Person | None) -> str | None:
    theirs = {user.email, user.login} - {""} if user else set()
    return next((masked(has) for has in theirs if refused.id(has) == one.id), None)


def _shown(letter: Letter, known: dict[str, Person], renderer: Renderer) -> LetterView:
    recipient, rendered = to_whom(letter, known.get(letter.recipient_id)), NOTHING
    if not letter.forgotten:
        rendered = renderer.redacted(letter, recipient, known.get(letter.about_id or ""))
    return LetterView(
        id=letter.id,
        template=letter.template,
        recipient_id=letter.recipient_id,
        address=masked(address(letter, recipient)) if recipient and recipient.email else None,
        subject=rendered.subject,
        status=letter.status,
        attempts=letter.attempts,
        created_at=letter.created_at,
        sent_at=letter.sent_at,
        last_error=letter.last_error,
        text=rendered.text,
    )


def templates() -> list[TemplateView]:
    return [TemplateView(template=one, languages=LANGUAGES) for one in get_args(Template)]


def preview(renderer: Renderer, template: Template, language: Language) -> PreviewView:
    recipient, about = samples.a_recipient(language), samples.another(language)
    letter = samples.a_letter(template)
    secret = "0" * DIGITS.get(template, 0) or renderer.link(template, "preview")
    shown = renderer.render(letter, recipient, about, secret)
    return PreviewView(
        template=template,
        language=language,
        subject=shown.subject,
        text=shown.text,
        html=shown.html,
    )
