"""What a principal manager manages, and who could manage it next. Reads only."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import BaseModel

from kit import entitled
from kit.clock import today
from kit.pages import Asked, Page, after, page
from kit.problems import NotFound
from services.users.domain.accounts import Account
from services.users.domain.management import Management
from services.users.domain.questions import normalised
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.transfers import NotItsPrincipalManager
from services.users.identity import Identity
from services.users.membership import Membership

AT_ONCE: Final = 200
EXAMINED_MOST: Final = 10_000
"""Rattachements looked at for one page; of more, the next page goes on."""


class ManagedStructure(BaseModel):
    structure_id: str
    identifier: str | None
    name: str | None
    active: bool


class Successor(BaseModel):
    """Somebody attached who could manage these structures."""

    user_id: str
    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Managed:
    membership: Membership
    identity: Identity

    async def by(self, user_id: str, asked: Asked) -> Page[ManagedStructure]:
        where = {"principal_manager_id": user_id}
        found, following = await page(self.membership.management, where, asked, descending=False)
        known = await self.membership.structures.many([one.id for one in found])
        items = [
            ManagedStructure(
                structure_id=one.id,
                identifier=shown.identifier if (shown := known.get(one.id)) else None,
                name=shown.legal_name if shown else None,
                active=bool(shown and shown.active),
            )
            for one in found
        ]
        return Page(items=items, next=following)

    async def successors(
        self, user_id: str, structure_ids: tuple[str, ...], words: str, asked: Asked
    ) -> Page[Successor]:
        """Of all the structures that are managed, where none are named."""
        first, *others = structure_ids or await self.membership.managed_by(user_id) or ("",)
        await self._refuse_others(user_id, [first, *others])
        on, cursor, found = today(), asked.cursor, list[tuple[str, Successor]]()
        for _ in range(EXAMINED_MOST // AT_ONCE):
            where = {"structure_id": first, "role": "user"}
            ties, following = await page(
                self.membership.rattachements, where, Asked(cursor, AT_ONCE), descending=False
            )
            found += await self._suitable(ties, others, words, on)
            if len(found) > asked.size:
                found = found[: asked.size]
                following = after(found[-1][0])
            if following is None or len(found) == asked.size:
                break
            cursor = following
        return Page(items=[one for _, one in found], next=following)

    async def _refuse_others(self, user_id: str, structure_ids: list[str]) -> None:
        """404 where one is not attached, 403 where another manages."""
        managed = await self.membership.management.many(structure_ids)
        foreign = [id for id in structure_ids if not _manages(user_id, managed.get(id))]
        if not foreign:
            return
        ties = await self.membership.rattachements.many(
            [rattachement_id(user_id, id) for id in foreign]
        )
        if len(ties) < len(foreign) or not all(map(_attached_today, ties.values())):
            raise NotFound
        raise NotItsPrincipalManager

    async def _suitable(
        self, ties: list[Rattachement], others: list[str], words: str, on: date
    ) -> list[tuple[str, Successor]]:
        attached = [tie for tie in ties if entitled.attached(tie, on)]
        accounts = await self.identity.accounts.many([tie.user_id for tie in attached])
        wanted = [
            (tie.id, account)
            for tie in attached
            if (account := accounts.get(tie.user_id)) and _is_meant(account, words)
        ]
        if others and wanted:
            everywhere = await self._attached_to_all([one.id for _, one in wanted], others, on)
            wanted = [(id, one) for id, one in wanted if one.id in everywhere]
        return [(id, _shown(account)) for id, account in wanted]

    async def _attached_to_all(
        self, user_ids: list[str], structure_ids: list[str], on: date
    ) -> set[str]:
        day = on.isoformat()
        stands: dict[str, Any] = {
            "valid_from": {"$lte": day},
            "$or": [{"valid_until": None}, {"valid_until": {"$gte": day}}],
        }
        found = self.membership.rattachements.documents.find(
            {
                "user_id": {"$in": user_ids},
                "structure_id": {"$in": structure_ids},
                "role": {"$ne": None},
                "lines": {"$elemMatch": stands},
            },
            {"user_id": 1},
            batch_size=10_000,
        )
        counted = Counter([one["user_id"] async for one in found])
        return {user for user, many in counted.items() if many == len({*structure_ids})}


def _manages(user_id: str, management: Management | None) -> bool:
    return management is not None and management.principal_manager_id == user_id


def _attached_today(tie: Rattachement) -> bool:
    return entitled.attached(tie, today())


def _is_meant(account: Account, words: str) -> bool:
    """Each word is in the name, the e-mail or the postal address, without regard to accents."""
    if account.status != "active":
        return False
    at = account.address
    postal = (at.line, *at.complements, at.postcode, at.city) if at else ()
    said = normalised(
        " ".join(
            (account.first_name, account.last_name, account.email, account.written_to, *postal)
        )
    )
    return all(word in said for word in normalised(words).split())


def _shown(account: Account) -> Successor:
    return Successor(
        user_id=account.id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.written_to,
    )
