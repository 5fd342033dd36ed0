"""What operators read about letters: never a link that works, never a whole address."""

from datetime import datetime

from pydantic import BaseModel

from kit.collection import Collection
from kit.pages import Asked, Page, page
from services.notifications.domain.letters import Letter, Status, Template, address
from services.notifications.domain.letters import recipient as to_whom
from services.notifications.domain.people import Person
from services.notifications.rendering import Rendered, Renderer, masked

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
