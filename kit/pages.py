"""Lists by pages: complete, in order, and the next page starts where this one ended."""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from kit.change import Entity, T
from kit.collection import Collection
from kit.problems import Invalid

M = TypeVar("M")
E = TypeVar("E", bound=Entity)
_LAST: Final = "~"
"""Sorted behind every id."""


class Page(BaseModel, Generic[M]):
    """
    ``next`` is the cursor of the following page; null when this is the last. How many items a page
    holds says nothing of that: where much is to be looked through, it may hold few, or none.
    """

    items: list[M]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    cursor: str
    size: int


def pages_of(most: int = 0) -> Any:
    """A page of a list, as it is asked for; ``most`` for lists that may have larger ones."""

    async def asked(
        request: Request,
        cursor: Annotated[str, Query(max_length=500)] = "",
        size: Annotated[int | None, Query(ge=1, description="Items in a page")] = None,
    ) -> Asked:
        usual, allowed = request.app.state.page_sizes
        allowed = most or allowed
        if size is not None and size > allowed:
            raise Invalid(f"At most {allowed} items in a page.", field="query/size")
        return Asked(cursor, size or usual)

    return Depends(asked)


PageAsked = Annotated[Asked, pages_of()]


async def page(
    collection: Collection[T],
    where: dict[str, Any],
    asked: Asked,
    *,
    by: str = "_id",
    descending: bool = True,
    by_index: str | None = None,
    loosely: bool = False,
    until: Any = None,
    beside: T | None = None,
) -> tuple[list[T], str | None]:
    """
    One page of what matches, sorted by a field and then by id, and the cursor of the next.

    ``by`` must be set on every match and indexed with ``_id``. ``by_index``: the index to read by,
    where the database could not know; ``loosely``: it lacks ``_id``, and the field is seldom alike
    on several. ``until``: what the last is sorted by that this page may look at; it then holds what
    was found, and the next goes on behind that. ``beside``: an entity that is in the list and kept
    nowhere.
    Raises Invalid, naming ``cursor``.
    """
    order = -1 if descending else 1
    bounds = [_after(asked.cursor, by, order)] if asked.cursor else []
    bounds += [{by: {"$gte" if descending else "$lte": until}}] if until is not None else []
    matching = {"$and": [where, *bounds]} if bounds else where
    sort = [("_id", order)] if by == "_id" else [(by, order), ("_id", order)]
    read = collection.documents.find(matching, batch_size=asked.size + 2, hint=by_index)
    found = read.sort(sort[:1] if loosely else sort)
    rows = await found.limit(asked.size + 1).to_list(None)
    if loosely:
        if len(rows) > asked.size and rows[-1][by] == rows[-2][by]:
            alike = {"$and": [matching, {by: rows[-1][by]}]}
            rows += await collection.documents.find(alike, hint=by_index).to_list(None)
        once = {one["_id"]: one for one in rows}
        rows = _sorted(once.values(), by, descending=descending)[: asked.size + 1]
    if beside:
        rows = _with(rows, collection.document(beside), asked, by, descending=descending)
    following = None
    if len(rows) > asked.size:
        rows = rows[: asked.size]
        following = _cursor(rows[-1], by)
    elif until is not None:
        following = after("" if descending else _LAST, by, until)
    return [collection.state(one) for one in rows], following


def after(id: str, by: str = "_id", value: Any = None) -> str:
    """The cursor that goes on behind this entity, in a list sorted by this field and by id."""
    return _cursor({by: value} | {"_id": id}, by)


def place(cursor: str, by: str) -> Any:
    """What the entity is sorted by that this cursor goes on behind. Raises Invalid."""
    return _read(cursor, by)[0]


def behind(cursor: str) -> dict[str, Any]:
    """What that list has behind a cursor, as a filter. Raises Invalid, naming ``cursor``."""
    return _after(cursor, "_id", 1) if cursor else {}


def cut(
    every: list[E], asked: Asked, *, by: str, key: Callable[[E], str]
) -> tuple[list[E], str | None]:
    """One page of entities few enough to be read whole, sorted by a text and then by id."""
    places = sorted((((key(one), one.id), one) for one in every), key=lambda both: both[0])
    if asked.cursor:
        after = _read(asked.cursor, by)
        if not isinstance(after[0], str):
            raise Invalid("This cursor is not one of ours.", field="query/cursor")
        places = [(place, one) for place, one in places if place > after]
    found = places[: asked.size]
    if len(places) == len(found):
        return [one for _, one in found], None
    (value, id), _ = found[-1]
    return [one for _, one in found], _cursor({by: value, "_id": id}, by)


def _with(
    rows: list[dict[str, Any]],
    beside: dict[str, Any],
    asked: Asked,
    by: str,
    *,
    descending: bool,
) -> list[dict[str, Any]]:
    """These rows with one more, at its place, unless that is on an earlier or a later page."""
    place = beside[by], beside["_id"]
    if asked.cursor:
        after = _read(asked.cursor, by)
        if type(after[0]) is not type(place[0]):
            raise Invalid("This cursor is not one of ours.", field="query/cursor")
        if place <= after if not descending else place >= after:
            return rows
    return _sorted([*rows, beside], by, descending=descending)[: asked.size + 1]


def _sorted(rows: Iterable[dict[str, Any]], by: str, *, descending: bool) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda one: (one[by], one["_id"]), reverse=descending)


def _cursor(last: dict[str, Any], by: str) -> str:
    value = last[by]
    kind = "t" if isinstance(value, datetime) else "v"
    place = [by, kind, value.isoformat() if kind == "t" else value, last["_id"]]
    return (
        base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode())
        .decode()
        .rstrip("=")
    )


def _after(cursor: str, by: str, order: int) -> dict[str, Any]:
    value, id = _read(cursor, by)
    past = "$lt" if order < 0 else "$gt"
    if by == "_id":
        return {"_id": {past: id}}
    # One bound, by which an index is entered where the page begins; an $or would leave the
    # database a choice, and it does not always choose well.
    until = "$gte" if order < 0 else "$lte"
    return {by: {f"{past}e": value}, "$nor": [{by: value, "_id": {until: id}}]}


def _read(cursor: str, by: str) -> tuple[Any, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        sorted_by, kind, value, id = json.loads(base64.b64decode(padded, "-_", validate=True))
        if kind == "t":
            value = datetime.fromisoformat(value)
            value.astimezone(UTC)
        elif kind != "v":
            raise ValueError
        f"{value}{id}".encode()
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Invalid("This cursor is not one of ours.", field="query/cursor") from None
    if sorted_by != by or not isinstance(id, str) or not isinstance(value, str | int | datetime):
        raise Invalid("This cursor belongs to another list.", field="query/cursor")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise Invalid("This cursor is not one of ours.", field="query/cursor")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise Invalid("This cursor is not one of ours.", field="query/cursor")
    return value, id
