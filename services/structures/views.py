"""How structures are found, and by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kit.collection import Collection
from kit.mongo import IndexModel
from kit.service import Service
from services.structures.domain import Structure
from services.structures.search import fold, grams, patterns, search_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a search asks for; all of it must hold."""

    q: str | None = None
    identifier: str | None = None
    postcode: str | None = None
    city: str | None = None


def structures(service: Service) -> Collection[Structure]:
    """The service's structures, with what they are found by."""
    return service.collection(
        "structures",
        Structure,
        indexes=[
            IndexModel([("grams", 1), ("_id", 1)]),
            IndexModel("identifier.value"),
            _where_there("postcode"),
            _where_there("city"),
        ],
        derived=search_fields,
    )


async def known(structures: Collection[Structure], ids: list[str]) -> list[str]:
    """Those of these ids that exist; read from the index alone."""
    found = structures.documents.find({"_id": {"$in": ids}}, {"_id": 1}, batch_size=len(ids) + 1)
    return [one["_id"] for one in await found.to_list(None)]


def sought(asked: Sought) -> dict[str, Any]:
    """
    As a filter. The trigrams lead to a few candidates, the expressions then keep the right ones.

    Both are given for an identifier as well: the database takes the shorter of the two ways.
    """
    every: list[dict[str, Any]] = []
    letters = frozenset[str]()
    for pattern in patterns(asked.q) if asked.q is not None else ():
        letters |= pattern.grams
        every.append({"texts": {"$regex": pattern.expression}})
    if asked.identifier:
        letters |= grams(f" {asked.identifier.casefold()}")
        every.append({"identifier.value": {"$regex": f"^{asked.identifier}"}})
    if letters:
        every.append({"grams": {"$all": sorted(letters)}})
    if asked.postcode:
        every.append({"postcode": asked.postcode})
    if asked.city:
        every.append({"city": fold(asked.city)})
    return {"$and": every} if every else {}


def visible_to(user_id: str, *, attached: Iterable[str], left: Iterable[str]) -> dict[str, Any]:
    """
    The public cards, and what this user is attached to.

    What he created counts until the first word of his rights there has been heard.
    """
    attached, heard = [*attached], [*attached, *left]
    created = {"created_by": user_id, "_id": {"$nin": heard}}
    return {"$or": [{"public": True}, {"_id": {"$in": attached}}, created]}


def _where_there(field: str) -> IndexModel:
    return IndexModel([(field, 1), ("_id", 1)], partialFilterExpression={field: {"$exists": True}})
