"""What is read about letters, by operators and their readers: never a link that works."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel, Field

from kit.clock import today
from kit.collection import Collection
from kit.days import beginning_of
from kit.pages import Asked, Page, page
from kit.rights import Rights, RightsCopy
from services.notifications import samples
from services.notifications.domain.letters import DIGITS, Letter, Status, Template, address
from services.notifications.domain.letters import recipient as to_whom
from services.notifications.domain.people import Person
from services.notifications.domain.reading import shown_to
from services.notifications.domain.recaps import still_seen
from services.notifications.domain.stopping import topic
from services.notifications.gathering import concerns
from services.notifications.rendering import LANGUAGES, Language, Rendered, Renderer, masked

NOTHING = Rendered("", "", "")
MOST_UNREAD = 1000
MOST_COUNTED = 10_000
"""Letters that are looked at to say how many are unread."""


class LetterView(BaseModel):
    """A letter as an operator finds it in the list: what became of it, not what it says."""

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


class LetterRead(LetterView):
    text: str


class Retried(BaseModel):
    """How many letters of those looked at will be tried again."""

    count: int
    next: str | None = None
    """The cursor of those that were not looked at; null when all were."""


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


def given_up(created_from: date | None, created_until: date | None) -> dict[str, Any]:
    """Letters that failed and still have their words, by the days on which they were written."""
    first = {"$gte": beginning_of(created_from)} if created_from else {}
    last = {"$lt": beginning_of(created_until + timedelta(days=1))} if created_until else {}
    written = {"created_at": first | last} if first or last else {}
    return {"status": "failed", "forgotten": False} | written


async def letter(letter: Letter, people: Collection[Person], renderer: Renderer) -> LetterView:
    return _shown(letter, await _named_in(letter, people), renderer)


async def letter_read(letter: Letter, people: Collection[Person], renderer: Renderer) -> LetterRead:
    known = await _named_in(letter, people)
    text = _redacted(letter, known, renderer).text
    return LetterRead(**dict(_shown(letter, known, renderer)), text=text)


async def _named_in(letter: Letter, people: Collection[Person]) -> dict[str, Person]:
    return await people.many([letter.recipient_id, letter.about_id or ""])


class MyLetter(BaseModel):
    """A letter as its reader finds it in their list."""

    id: str
    template: Template
    subject: str
    text: str
    created_at: datetime
    read_at: datetime | None
    consulted_at: datetime | None
    """When an operator has first read it, if any has."""


class MyLetters(Page[MyLetter]):
    unread: int = Field(description=f"Of the whole list; {MOST_UNREAD} are as many or more")


async def letters_of(
    user_id: str,
    letters: Collection[Letter],
    people: Collection[Person],
    renderer: Renderer,
    *,
    rights: RightsCopy,
    unread: bool,
    asked: Asked,
) -> MyLetters:
    """A page has fewer items where what some of them tell of is no longer to be seen."""
    day = today()
    held = {one.structure_id: one for one in await rights.of_user(user_id) if one.valid(day)}
    every = shown_to(user_id, [*held])
    not_read = every | {"read_at": None}
    found, following = await page(letters, not_read if unread else every, asked, by="created_at")
    known = await people.many(sorted({user_id} | {one.about_id for one in found if one.about_id}))
    return MyLetters(
        items=[
            _mine(_left_of(letter, held), known, renderer)
            for letter in found
            if _shown_still(letter, held, day)
        ],
        next=following,
        unread=await _unread(letters, not_read, held, day),
    )


class Scope(NamedTuple):
    """What some letters are about, and where."""

    template: Template
    application: str
    structure_id: str
    unit: str | None
    questions: tuple[tuple[str, ...], ...]
    moved_in: tuple[str, ...]


_UNITS: Final = {"$objectToArray": {"$ifNull": ["$asked_about", {}]}}
_SCOPED: Final = {one: f"${one}" for one in Scope._fields} | {
    "questions": {"$map": {"input": _UNITS, "in": "$$this.v"}},
    "moved_in": "$movements.structure_id",
}


async def _unread(
    letters: Collection[Letter], where: dict[str, Any], held: dict[str, Rights], on: date
) -> int:
    """How many of these are shown: rights are asked once for all about the same."""
    rows = await letters.computed(
        {"$match": where},
        {"$limit": MOST_COUNTED},
        {"$group": {"_id": _SCOPED, "count": {"$sum": 1}}},
    )
    counted = 0
    for row in rows:
        about = row["_id"]
        scope = Scope(
            about["template"],
            about.get("application") or "",
            about.get("structure_id") or "",
            about.get("unit"),
            about["questions"],
            tuple(filter(None, about.get("moved_in") or ())),
        )
        if _shown_still(scope, held, on):
            counted += row["count"]
    return min(counted, MOST_UNREAD)


def _shown_still(one: Letter | Scope, held: dict[str, Rights], on: date) -> bool:
    """By its reader's rights in its structure; of a recap, in any that it tells of."""
    somewhere = not one.moved_in or any(id in held for id in one.moved_in)
    return somewhere and concerns(held.get(one.structure_id), one, on)


def _left_of(letter: Letter, held: dict[str, Rights]) -> Letter:
    return replace(letter, movements=still_seen(letter.movements, held))


def _mine(letter: Letter, known: dict[str, Person], renderer: Renderer) -> MyLetter:
    recipient = to_whom(letter, known.get(letter.recipient_id))
    rendered = renderer.redacted(letter, recipient, known.get(letter.about_id or ""))
    return MyLetter(
        id=letter.id,
        template=letter.template,
        subject=rendered.subject,
        text=rendered.text,
        created_at=letter.created_at,
        read_at=letter.read_at,
        consulted_at=letter.consulted[0].at if letter.consulted else None,
    )


def _shown(letter: Letter, known: dict[str, Person], renderer: Renderer) -> LetterView:
    recipient = to_whom(letter, known.get(letter.recipient_id))
    return LetterView(
        id=letter.id,
        template=letter.template,
        recipient_id=letter.recipient_id,
        address=masked(address(letter, recipient)) if recipient and recipient.email else None,
        subject=_redacted(letter, known, renderer).subject,
        status=letter.status,
        attempts=letter.attempts,
        created_at=letter.created_at,
        sent_at=letter.sent_at,
        last_error=letter.last_error,
    )


def _redacted(letter: Letter, known: dict[str, Person], renderer: Renderer) -> Rendered:
    if letter.forgotten:
        return NOTHING
    recipient = to_whom(letter, known.get(letter.recipient_id))
    return renderer.redacted(letter, recipient, known.get(letter.about_id or ""))


def templates() -> list[TemplateView]:
    return [TemplateView(template=one, languages=LANGUAGES) for one in get_args(Template)]


def preview(renderer: Renderer, template: Template, language: Language) -> PreviewView:
    recipient, about = samples.a_recipient(language), samples.another(language)
    letter = samples.a_letter(template)
    secret = "0" * DIGITS.get(template, 0) or renderer.link(template, "preview")
    stop = "" if topic(letter) is None else renderer.link("unsubscription", "preview")
    shown = renderer.render(letter, recipient, about, secret, stop=stop, told=samples.TOLD)
    return PreviewView(
        template=template,
        language=language,
        subject=shown.subject,
        text=shown.text,
        html=shown.html,
    )
