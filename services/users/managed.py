"""What a principal manager manages, and who could manage it next. Reads only."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import BaseModel

from kit import entitled
from kit.clock import today
from kit.pages import Asked, Page, after, behind, page
from kit.problems import NotFound
from services.users.domain.management import Management
from services.users.domain.questions import normalised
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.transfers import NotItsPrincipalManager
from services.users.identity import Identity
from services.users.membership import Membership

AT_ONCE: Final = 500
EXAMINED_MOST: Final = 2_000
"""Rattachements looked at for one page; of more, the next page goes on."""
SHOWN: Final = ("first_name", "last_name", "email", "contact_email", "address")
"""All that is read of an account: thousands are read for one page."""


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
        sought = normalised(words).split()
        for _ in range(EXAMINED_MOST // AT_ONCE):
            ties = await self._attached(first, cursor, on)
            found += await self._suitable(ties, others, sought, on)
            following = after(ties[-1][0]) if len(ties) == AT_ONCE else None
            if len(found) > asked.size:
                found = found[: asked.size]
                following = after(found[-1][0])
            if following is None or len(found) == asked.size:
                break
            cursor = following
        return Page(items=[one for _, one in found], next=following)

    async def _attached(self, structure_id: str, cursor: str, on: date) -> list[tuple[str, str]]:
        """The next of its users that day: the rattachement of each, and whose it is."""
        where = {"structure_id": structure_id, "role": "user", **_standing(on), **behind(cursor)}
        found = self.membership.rattachements.documents.find(
            where, {"user_id": 1}, batch_size=AT_ONCE + 1
        )
        rows = await found.sort("_id", 1).limit(AT_ONCE).to_list(None)
        return [(one["_id"], one["user_id"]) for one in rows]

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
        self, ties: list[tuple[str, str]], others: list[str], words: list[str], on: date
    ) -> list[tuple[str, Successor]]:
        active = {"_id": {"$in": [user for _, user in ties]}, "status": "active"}
        known = self.identity.accounts.documents.find(
            active, dict.fromkeys(SHOWN, 1), batch_size=AT_ONCE + 1
        )
        meant = {one["_id"]: one for one in await known.to_list(None) if _is_meant(one, words)}
        if others and meant:
            everywhere = await self._attached_to_all([*meant], others, on)
            meant = {user: one for user, one in meant.items() if user in everywhere}
        return [(id, _shown(meant[user])) for id, user in ties if user in meant]

    async def _attached_to_all(
        self, user_ids: list[str], structure_ids: list[str], on: date
    ) -> set[str]:
        found = self.membership.rattachements.documents.find(
            {
                "user_id": {"$in": user_ids},
                "structure_id": {"$in": structure_ids},
                "role": {"$ne": None},
                **_standing(on),
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


def _standing(on: date) -> dict[str, Any]:
    """What picks the rattachements that have a line that day, or what was kept before lines."""

    def days(of: str) -> dict[str, Any]:
        first, last, day = f"{of}valid_from", f"{of}valid_until", on.isoformat()
        return {first: {"$lte": day}, "$or": [{last: None}, {last: {"$gte": day}}]}

    of_old = {"lines": {"$in": [None, []]}} | days("extent.")
    return {"$or": [{"lines": {"$elemMatch": days("")}}, of_old]}


def _is_meant(account: dict[str, Any], words: list[str]) -> bool:
    """Each word is in the name, the e-mail or the postal address, without regard to accents."""
    at = account.get("address") or {}
    postal = (at.get("line"), *at.get("complements", ()), at.get("postcode"), at.get("city"))
    known = (*(account.get(name) for name in SHOWN if name != "address"), *postal)
    return said(words, *known)


def said(words: list[str], *known: str | None) -> bool:
    """Whether each of these words, which are normalised, is in what is known of somebody."""
    spelt = normalised(" ".join(filter(None, known)))
    return all(word in spelt for word in words)


def _shown(account: dict[str, Any]) -> Successor:
    return Successor(
        user_id=account["_id"],
        first_name=account["first_name"],
        last_name=account["last_name"],
        email=account.get("contact_email") or account["email"],
    )
