"""How structures are found, and by whom."""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from contracts.structures import UnitStatus
from kit.clock import today
from kit.collection import Collection
from kit.http import Caller
from kit.mongo import IndexModel
from kit.pages import Asked, page
from kit.rights import RightsCopy
from kit.service import Service
from services.structures.domain import structures as domain
from services.structures.domain.structures import Structure
from services.structures.domain.units import Unit, default_unit
from services.structures.search import Pattern, fold, patterns, search_fields
from services.structures.ways import IN_ORDER, Looked, Sample

_DRAWN: Final = 2_000
_DRAWN_EVERY: Final = 60
"""Seconds."""


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
            IndexModel("grams"),
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


class Search:
    """Turns what is asked into a filter, and says by which index to read what it finds."""

    def __init__(self, structures: Collection[Structure]) -> None:
        self._structures = structures
        self._drawn: tuple[float, Sample] | None = None

    async def filter(self, asked: Sought, wanted: int) -> tuple[dict[str, Any], str | None]:
        """All of it must hold; ``wanted``: how many are read at once."""
        found = patterns(asked.q) if asked.q is not None else ()
        every = [_fits(pattern) for pattern in found]
        if asked.identifier:
            every.append({"identifier.value": {"$regex": f"^{asked.identifier.upper()}"}})
        if asked.postcode:
            every.append({"postcode": asked.postcode})
        if asked.city:
            every.append({"city": fold(asked.city)})
        way = None
        if leading := frozenset[str]().union(*(one.grams for one in found if one.digits is None)):
            sample = await self._sample()
            gram = sample.rarest(leading)
            if len(every) == len(found):
                way = sample.way(found, gram, wanted)
            if way != IN_ORDER:
                every.append({"grams": gram})
        return {"$and": every} if every else {}, way

    async def _sample(self) -> Sample:
        if self._drawn is None or time.monotonic() - self._drawn[0] > _DRAWN_EVERY:
            documents = self._structures.documents
            shown = {"texts": 1, "grams": 1, "identifier.value": 1}
            # Ids are hashes: the first ones are no more alike than any others.
            found = documents.find({}, shown, batch_size=_DRAWN + 1).sort("_id", 1).limit(_DRAWN)
            drawn = [
                Looked(tuple(one["texts"]), one["identifier"]["value"], tuple(one["grams"]))
                for one in await found.to_list(None)
            ]
            sample = Sample(drawn, await documents.estimated_document_count())
            self._drawn = time.monotonic(), sample
        return self._drawn[1]


def _fits(pattern: Pattern) -> dict[str, Any]:
    text: dict[str, Any] = {"texts": {"$regex": pattern.expression}}
    if pattern.digits is None:
        return text
    identifier: dict[str, Any] = {"identifier.value": {"$regex": pattern.digits}}
    if pattern.grams:
        text["grams"] = {"$all": sorted(pattern.grams)}
    if pattern.digit_grams:
        identifier["grams"] = {"$in": sorted(pattern.digit_grams)}
    return {"$or": [text, identifier]}


class Visibility:
    """Who may see which structures, and how much of them."""

    def __init__(self, rights: RightsCopy) -> None:
        self._rights = rights

    async def of_record(self, caller: Caller, structure: Structure) -> bool:
        """Whether this caller may read all of it."""
        attached = None
        if caller.user_id and not caller.operator:
            right = await self._rights.of(caller.user_id, structure.id)
            attached = right.valid(today()) if right else None
        return domain.sees_record(
            structure, user_id=caller.user_id, operator=caller.operator, attached=attached
        )

    async def manages(self, caller: Caller, structure: Structure) -> bool:
        """Whether this caller may change it, and what hangs on it."""
        right = await self._rights.of(caller.user_id, structure.id)
        return right.manages(today()) if right else caller.user_id == structure.created_by

    async def where(self, caller: Caller) -> dict[str, Any]:
        """The public cards, and what this caller is attached to, as a filter."""
        if caller.operator:
            return {}
        if not caller.user_id:
            return {"public": True}
        heard = await self._rights.of_user(caller.user_id)
        attached = [one.structure_id for one in heard if one.valid(today())]
        # What one created counts until the first word of one's rights there has been heard.
        not_heard = {"$nin": [one.structure_id for one in heard]}
        created = {"created_by": caller.user_id, "_id": not_heard}
        return {"$or": [{"public": True}, {"_id": {"$in": attached}}, created]}


def _where_there(field: str) -> IndexModel:
    return IndexModel(field, partialFilterExpression={field: {"$exists": True}})


UnitOrder = Literal[
    "code",
    "-code",
    "name",
    "-name",
    "valid_from",
    "-valid_from",
    "valid_until",
    "-valid_until",
    "active",
    "-active",
]
LIVING: Final[tuple[UnitStatus, ...]] = ("active", "inactive")
_UNIT_SORTS: Final = ("code", "name", "valid_from", "valid_until", "active")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsSought:
    """Which units of a structure are listed, and in which order."""

    order: UnitOrder = "code"
    code: str | None = None
    statuses: tuple[UnitStatus, ...] = LIVING


def units(service: Service) -> Collection[Unit]:
    return service.collection(
        "units",
        Unit,
        indexes=[
            IndexModel([("structure_id", 1), (f"by_{sort}", 1), ("_id", 1)]) for sort in _UNIT_SORTS
        ],
        derived=_unit_order,
    )


def _unit_order(unit: Unit) -> dict[str, Any]:
    details = unit.details
    return {
        "by_code": unit.code.casefold(),
        "by_name": fold(details.name),
        "by_valid_from": details.valid_from.isoformat(),
        "by_valid_until": (details.valid_until or date.max).isoformat(),
        "by_active": unit.noted == "in_force",
    }


async def units_of(
    structure: Structure, units: Collection[Unit], asked: Asked, sought: UnitsSought
) -> tuple[list[Unit], str | None]:
    """One page of its units, the default one at its place among them."""
    where: dict[str, Any] = {
        "structure_id": structure.id,
        "status": {"$in": [*sought.statuses]},
    }
    default = default_unit(structure) if "active" in sought.statuses else None
    if sought.code is not None:
        where["by_code"] = code = sought.code.casefold()
        default = default if default and default.code.casefold() == code else None
    return await page(
        units,
        where,
        asked,
        by=f"by_{sought.order.removeprefix('-')}",
        descending=sought.order.startswith("-"),
        beside=default,
    )
