"""What operators read about addresses that letters are kept from: never an address itself."""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from kit.collection import Collection
from kit.pages import Asked, Page, page
from services.notifications.domain.people import Person
from services.notifications.domain.suppressions import SuppressedAddress
from services.notifications.refused import RefusedAddresses
from services.notifications.rendering import masked

NOW_SUPPRESSED: Final[dict[str, Any]] = {"restored_at": None}


class SuppressedView(BaseModel):
    """An address that letters are kept from."""

    id: str
    user_id: str | None
    address: str | None = Field(description="Masked; null if its user has another one now")
    code: str
    answer: str
    letter_id: str
    since: datetime


class Counted(BaseModel):
    count: int


async def suppressed(
    refused: RefusedAddresses, people: Collection[Person], asked: Asked
) -> Page[SuppressedView]:
    found, following = await page(refused.addresses, NOW_SUPPRESSED, asked, by="since")
    known = await people.many(sorted({one.user_id for one in found if one.user_id}))
    return Page(
        items=[_shown(refused, one, known.get(one.user_id or "")) for one in found],
        next=following,
    )


async def count(refused: RefusedAddresses) -> Counted:
    return Counted(count=await refused.addresses.documents.count_documents(NOW_SUPPRESSED))


def _shown(
    refused: RefusedAddresses, one: SuppressedAddress, user: Person | None
) -> SuppressedView:
    theirs = {user.email, user.login} - {""} if user else set()
    return SuppressedView(
        id=one.id,
        user_id=one.user_id,
        address=next((masked(has) for has in theirs if refused.id(has) == one.id), None),
        code=one.code,
        answer=one.answer,
        letter_id=one.letter_id,
        since=one.since,
    )
