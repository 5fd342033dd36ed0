"""How structures are found, and by whom."""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from contracts.structures import UnitStatus
from kit.clock import today
from kit.collection import Collection, Derived
from kit.folding import fold
from kit.http import Caller
from kit.mongo import IndexModel
from kit.pages import Asked, page
from kit.problems import NotFound
from kit.rights import RightsCopy
from kit.service import Service
from services.structures.domain import structures as domain
from services.structures.domain.standing import Standing, opened
from services.structures.domain.structures import Structure
from services.structures.domain.units import Unit, default_unit
from services.structures.search import AT_HOME, Pattern, patterns, search_fields, sortable
from services.structures.sought import NothingAskedFor, Sought, code, identifier, word
from services.structures.ways import BY_GRAM, Sample

_DRAWN: Final = 2_000
_DRAWN_EVERY: Final = 60
"""Seconds."""

IN_DIRECTORY: Final = {"kind": "public", "public": True, "status": "active"}
"""The public structures that others may send to."""


def structures(service: Service, *, derived: Derived = search_fields) -> Collection[Structure]:
    """The service's structures, with what they are found by."""
    return service.collection(
        "structures",
        Structure,
        indexes=[
            # Within one gram in the order of a page: reading ends once that is full.
            IndexModel([("grams", 1), ("order", 1)]),
            IndexModel("order", partialFilterExpression={"awaits_grams": True}),
            IndexModel("identifier.value"),
            _where_there("postcode"),
            _where_there("city"),
            _where_there("family"),
            _where_there("abroad"),
            _where_there("moa"),
            # Those that somebody made here, and those that ended: few beside all the others.
            IndexModel("created_by", partialFilterExpression={"created_by": {"$gt": ""}}),
            IndexModel("status", partialFilterExpression={"status": "inactive"}),
        ],
        derived=derived,
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

    async def filter(self, asked: Sought) -> tuple[dict[str, Any], str | None]:
        """All of it must hold. Raises NothingAskedFor."""
        if asked.wide:
            raise NothingAskedFor(field="query/q")
        found = patterns(asked.q) if asked.q is not None else ()
        every = [_fits(pattern) for pattern in found] + _plainly(asked)
        leading = frozenset[str]().union(*(one.grams for one in found if one.digits is None))
        # Where more is asked, that may lead to fewer: the database tries.
        alone = len(every) == len(found) and not asked.mine
        if leading:
            every.append({"grams": (await self._sample()).rarest(leading)})
        return {"$and": every} if every else {}, BY_GRAM if leading and alone else None

    async def _sample(self) -> Sample:
        if self._drawn is None or time.monotonic() - self._drawn[0] > _DRAWN_EVERY:
            # Ids are hashes: the first ones are no more alike than any others.
            found = self._structures.documents.find({}, {"grams": 1}, batch_size=_DRAWN + 1)
            drawn = await found.sort("_id", 1).limit(_DRAWN).to_list(None)
            # Those that were just imported may have none yet.
            sample = Sample(one.get("grams", ()) for one in drawn)
            self._drawn = time.monotonic(), sample
        return self._drawn[1]


def _plainly(asked: Sought) -> list[dict[str, Any]]:
    """What is equal, begins so or is not there."""
    equal = {
        "postcode": asked.postcode and code("postcode", asked.postcode),
        "city": asked.city and word("city", asked.city),
        "family": asked.last_name and word("last_name", asked.last_name),
        "given": asked.first_name and word("first_name", asked.first_name),
        "kind": asked.kind,
        "status": asked.status,
    }
    every: list[dict[str, Any]] = [{name: value} for name, value in equal.items() if value]
    if asked.identifier:
        every.append(identifier(asked.identifier))
    if asked.country:
        country, at_home = fold(asked.country), {"abroad": {"$exists": False}}
        # Where there is no address, nobody knows the country.
        known = at_home | {"address": {"$ne": None}}
        every.append(known if country == AT_HOME else {"abroad": country})
    for flag, wanted in (("moa", asked.moa), ("moa_only", asked.moa_only)):
        if wanted is not None:
            every.append({flag: True if wanted else {"$exists": False}})
    return every


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

    async def require_fresh(self, caller: Caller) -> None:
        """Before a structure is looked for: rights too old tell a hidden one from none."""
        if caller.user_id and not caller.operator:
            await self._rights.require_fresh()

    async def of_record(self, caller: Caller, structure: Structure) -> bool:
        """Whether this caller may read all of it."""
        attached = await self._attached(caller, structure.id)
        return domain.sees_record(
            structure, user_id=caller.user_id, operator=caller.operator, attached=attached
        )

    async def shows(self, caller: Caller, id: str, structure: Structure | None) -> bool:
        """
        Whether this caller may know that it is there: anybody of a public one, systems of all.

        Rights are asked the same of one that is not there as of a hidden one: where that takes
        time or fails, both do.
        """
        if caller.client_id or (structure and structure.public):
            return structure is not None
        attached = await self._attached(caller, id)
        return structure is not None and domain.sees_record(
            structure, user_id=caller.user_id, operator=caller.operator, attached=attached
        )

    async def record(self, structure: Structure) -> domain.Record:
        """All of it, for whoever may read it."""
        principal = await self.principal_manager(structure)
        return domain.record(structure, principal_manager_id=principal)

    async def principal_manager(self, structure: Structure) -> str | None:
        """Its creator manages it until users' first word."""
        principal = await self._rights.principal_manager(structure.id, today())
        creator = structure.created_by
        if not principal and creator and not await self._rights.of(creator, structure.id):
            principal = creator
        return principal

    async def manages(self, caller: Caller, structure: Structure) -> bool:
        """Whether this caller may change it, and what hangs on it."""
        return (await self.standing(caller, structure)).manages

    async def require_manager(
        self, caller: Caller, structure: Structure, *, operators: bool = False
    ) -> None:
        """Raise NotFound where the structure is no business of the caller's, else Forbidden."""
        if (operators and caller.operator) or await self.manages(caller, structure):
            return
        if structure.public or await self.of_record(caller, structure):
            raise domain.ManagersOnly
        raise NotFound(structure.id)

    async def attached_to(self, caller: Caller, application: str | None) -> list[str]:
        """The structures this caller is attached to today, and may use this application for."""
        day = today()
        return [
            one.structure_id
            for one in await self._rights.of_user(caller.user_id)
            if one.valid(day) and (application is None or one.opens(application, day))
        ]

    async def standing(self, caller: Caller, structure: Structure) -> Standing:
        """Where a person stands towards what hangs on this structure."""
        right = await self._rights.of(caller.user_id, structure.id)
        if right is None:
            # What one created one manages, until the first word of one's rights there is heard.
            created = caller.user_id == structure.created_by
            return Standing(user_id=caller.user_id, attached=created, manages=created)
        on = today()
        return Standing(user_id=caller.user_id, attached=right.valid(on), manages=right.manages(on))

    async def approached(
        self, structures: Collection[Structure], id: str, caller: Caller
    ) -> tuple[Structure, Standing]:
        """A structure and where a person stands towards it; to strangers there is none."""
        await self.require_fresh(caller)
        structure = await structures.get(id)
        to = await self.standing(caller, structure)
        return opened(structure, to), to

    async def where(self, caller: Caller, asked: Sought) -> dict[str, Any]:
        """
        What this caller may find, as a filter: the public cards, and what they are attached to.

        While private structures are restricted, the public cards are those of public bodies.
        """
        if asked.mine:
            return await self._mine(caller, asked)
        if caller.operator:
            return {}
        open_to_all: dict[str, Any] = {"public": True}
        if asked.restrict_private:
            open_to_all["kind"] = "public"
        if not caller.user_id:
            return open_to_all
        return {"$or": [open_to_all, await self._mine(caller, asked)]}

    async def _attached(self, caller: Caller, id: str) -> bool | None:
        """None where nothing was heard of it, or nobody needs to know."""
        if not caller.user_id or caller.operator:
            return None
        right = await self._rights.of(caller.user_id, id)
        return right.valid(today()) if right else None

    async def _mine(self, caller: Caller, asked: Sought) -> dict[str, Any]:
        if not caller.user_id:
            return {"_id": {"$in": []}}
        heard = await self._rights.of_user(caller.user_id)
        day, managed = today(), asked.mine == "managed"
        fitting = [
            one.structure_id for one in heard if (one.manages(day) if managed else one.valid(day))
        ]
        # What one created counts until the first word of one's rights there has been heard.
        not_heard = {"$nin": [one.structure_id for one in heard]}
        created = {"created_by": caller.user_id, "_id": not_heard}
        return {"$or": [{"_id": {"$in": fitting}}, created]}


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
        "by_name": sortable(details.name),
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
