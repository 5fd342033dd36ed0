"""What the service keeps of client accounts, who is who to them, and how they are found."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from kit.collection import Collection
from kit.folding import fold
from kit.http import Caller
from kit.mongo import IndexModel
from kit.pages import Asked, page
from kit.problems import Forbidden, NotFound
from kit.rights import RightsCopy
from kit.service import Service
from services.structures.domain.client_accounts import (
    ClientAccount,
    Reference,
    Relation,
    require,
)
from services.structures.domain.client_consent import OnlyTheClient, accepted
from services.structures.domain.client_portal import ClientMessage, Contact, user_of
from services.structures.domain.client_profiles import ClientProfile
from services.structures.domain.facts import Fact, Turnover
from services.structures.domain.order_checks import OrderCheck
from services.structures.domain.structures import Structure
from services.structures.search import sortable
from services.structures.views import Visibility


class NotYourSupplier(Forbidden):
    """Only those who manage a structure keep its client accounts."""


@dataclass(frozen=True, slots=True)
class Clientele:
    """The collections around client accounts."""

    accounts: Collection[ClientAccount]
    references: Collection[Reference]
    profiles: Collection[ClientProfile]
    contacts: Collection[Contact]
    messages: Collection[ClientMessage]
    checks: Collection[OrderCheck]
    facts: Collection[Fact]
    turnovers: Collection[Turnover]

    @classmethod
    def of(cls, service: Service) -> Self:
        own = service.collection
        return cls(
            accounts=own(
                "client-accounts",
                ClientAccount,
                indexes=[
                    IndexModel([("supplier_id", 1), ("sorted_by", 1), ("_id", 1)]),
                    IndexModel([("supplier_id", 1), ("words", 1)]),
                    IndexModel([("structure_id", 1), ("_id", 1)]),
                ],
                derived=_search_fields,
            ),
            references=own("client-references", Reference),
            profiles=own("client-profiles", ClientProfile, indexes=[_newest("supplier_id")]),
            contacts=own("client-contacts", Contact, indexes=[_done_by("user_id")], derived=_whose),
            messages=own(
                "client-messages",
                ClientMessage,
                indexes=[_newest("account_id"), _done_by("author_id")],
            ),
            checks=own(
                "order-checks",
                OrderCheck,
                indexes=[
                    _newest("account_id"),
                    _newest("account_id", "order_number"),
                    _done_by("checked_by"),
                ],
            ),
            facts=own("facts", Fact),
            turnovers=own("turnovers", Turnover),
        )

    async def find(
        self, supplier_id: str, q: str, asked: Asked
    ) -> tuple[list[ClientAccount], str | None]:
        """A supplier's accounts by name; ``q``: beginnings of words of its name or reference."""
        words = [{"words": {"$regex": f"^{re.escape(word)}"}} for word in fold(q).split()]
        where = {"supplier_id": supplier_id} | ({"$and": words} if words else {})
        return await page(self.accounts, where, asked, by="sorted_by", descending=False)

    async def by_group(self, supplier_id: str, default_currency: str) -> list[dict[str, Any]]:
        """The sums of each group, currency by currency; an account in two groups counts in both."""
        sums = {
            name: {"$sum": {"$toDecimal": {"$first": f"$turnover.totals.{kind}"}}}
            for name, kind in (
                ("invoiced", "invoice"),
                ("estimated", "estimate"),
                ("paid", "payment"),
            )
        }
        currency = {"$ifNull": ["$record.currency", default_currency]}
        joined = {
            "from": self.turnovers.name,
            "localField": "_id",
            "foreignField": "_id",
            "as": "turnover",
        }
        rows = await self.accounts.computed(
            {"$match": {"supplier_id": supplier_id}},
            {"$lookup": joined},
            {"$unwind": {"path": "$record.groups", "preserveNullAndEmptyArrays": True}},
            {
                "$group": {
                    "_id": {"group": "$record.groups", "currency": currency},
                    "clients": {"$sum": 1},
                }
                | sums
            },
            {"$sort": {"_id.currency": 1, "invoiced": -1, "_id.group": 1}},
        )
        return [
            {
                "group": one["_id"].get("group"),
                "currency": one["_id"]["currency"],
                "clients": one["clients"],
            }
            | {name: Decimal(str(one[name])) for name in sums}
            for one in rows
        ]


class Relations:
    """Who a caller is to suppliers and client accounts, as rights stand today."""

    def __init__(
        self,
        rights: RightsCopy,
        structures: Collection[Structure],
        accounts: Collection[ClientAccount],
    ) -> None:
        self._structures, self._accounts = structures, accounts
        self._visibility = Visibility(rights)

    async def account(
        self, caller: Caller, id: str, *may: Relation
    ) -> tuple[ClientAccount, Relation]:
        """The account, and who the caller is to it; refuses whoever is none of these."""
        account = await self._accounts.get(id)
        relation = await self.to_supplier(caller, account.supplier_id)
        if relation is None and caller.user_id and await self._of(caller, account.structure_id):
            relation = "client"
        return account, require(relation, *may)

    async def accepted(
        self, caller: Caller, id: str, *may: Relation
    ) -> tuple[ClientAccount, Relation]:
        """The same, of an account that the client has accepted; operators see the others too."""
        account, relation = await self.account(caller, id, *may)
        return account if relation == "operator" else accepted(account), relation

    async def answering(self, caller: Caller, id: str) -> ClientAccount:
        """The account, for who manages the structure that the client is."""
        account = await self._accounts.get(id)
        there = await self._of(caller, account.structure_id)
        if there == "administrator":
            return account
        if there is None and await self.to_supplier(caller, account.supplier_id) is None:
            raise NotFound
        raise OnlyTheClient

    async def to_supplier(self, caller: Caller, supplier_id: str) -> Relation | None:
        if caller.client_id:
            return "system" if caller.is_system_for(supplier_id) else None
        own = await self._of(caller, supplier_id)
        return "operator" if caller.operator and own != "administrator" else own

    async def require_supplier(self, caller: Caller, supplier_id: str, *may: Relation) -> None:
        """Refuse whoever is none of these, the same way whether there is such a structure."""
        if await self.to_supplier(caller, supplier_id) not in may:
            raise NotYourSupplier

    async def structure(self, caller: Caller, structure_id: str) -> Structure | None:
        """The structure, if the caller may know that it exists."""
        await self._visibility.require_fresh(caller)
        found = await self._structures.find(structure_id)
        if found is None or found.public or await self._visibility.of_record(caller, found):
            return found
        return None

    async def _of(self, caller: Caller, structure_id: str) -> Relation | None:
        await self._visibility.require_fresh(caller)
        structure = await self._structures.find(structure_id)
        if structure is None:
            return None
        there = await self._visibility.standing(caller, structure)
        if there.manages:
            return "administrator"
        return "staff" if there.attached else None


def _search_fields(account: ClientAccount) -> dict[str, Any]:
    """What is kept beside an account to find it by."""
    name = fold(account.record.name)
    return {
        "sorted_by": sortable(account.record.name),
        "words": sorted({*name.split(), account.reference}),
    }


def _done_by(field: str) -> IndexModel:
    return IndexModel([(field, 1), ("_id", 1)])


def _whose(contact: Contact) -> dict[str, Any]:
    return {"user_id": user_of(contact)}


def _newest(*fields: str) -> IndexModel:
    return IndexModel([*((field, 1) for field in fields), ("_id", -1)])
