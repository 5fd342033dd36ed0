"""What a service owns: read freely, changed only by decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields, replace
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from pydantic import TypeAdapter

from kit.change import Change, Decide, Entity, T
from kit.problems import NotFound

if TYPE_CHECKING:
    from kit.committer import Committer
    from kit.mongo import Documents, IndexModel

Derived = Callable[[Any], dict[str, Any]]


# Tuples, not dataclasses: several of each are made, and hashed, for every event.
class Stored(NamedTuple, Generic[T]):
    """A state as it is kept, and the clock of the entity's last fact."""

    state: T | None
    clock: int = 0
    trace: str = ""
    """The span that changed it last, if somebody followed that."""
    row: str = ""
    """The journal row of its last fact."""


class Place(NamedTuple):
    """Where an entity is, or will be."""

    collection: Collection[Any]
    id: str


@dataclass(frozen=True, slots=True)
class Ask:
    """
    A decision to be taken on one or several entities, all or none.

    ``decide`` takes their current states, in order, and gives one Change for each. Without places
    it still marks an event as heard.
    """

    places: tuple[Place, ...]
    decide: Callable[..., tuple[Change[Any], ...]]
    if_match: int | None = None
    """The version that the first entity must still have."""


def together(first: Ask, second: Ask) -> Ask:
    """Both, all or none."""

    def decide(*current: Any) -> tuple[Change[Any], ...]:
        at = len(first.places)
        return *first.decide(*current[:at]), *second.decide(*current[at:])

    return Ask((*first.places, *second.places), decide)


class Collection(Generic[T]):
    """The one way a service reads and writes the entities of one kind."""

    def __init__(
        self,
        name: str,
        documents: Documents,
        kind: type[T],
        committer: Committer,
        *,
        indexes: tuple[IndexModel, ...] = (),
        derived: Derived | None = None,
    ) -> None:
        self.name, self.documents, self.kind, self.indexes = name, documents, kind, indexes
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)
        self._fields = frozenset(field.name for field in fields(kind))
        self._committer, self._derived = committer, derived

    def at(self, id: str) -> Place:
        return Place(self, id)

    def ask(self, id: str, decide: Decide[T]) -> Ask:
        return Ask((self.at(id),), lambda current: (decide(current),))

    async def change(self, id: str, decide: Decide[T], *, if_match: int | None = None) -> T:
        """
        Decide on an entity, and keep and tell what was decided.

        With ``if_match`` only if it still has this version, else PreconditionFailed.
        """
        ask = replace(self.ask(id, decide), if_match=if_match)
        [state] = await self._committer.keep(ask)
        return state  # type: ignore[no-any-return]  # what a caller's own decision gave back

    async def find(self, id: str) -> T | None:
        return (await self.many([id])).get(id)

    async def get(self, id: str) -> T:
        found = await self.find(id)
        if found is None:
            raise NotFound
        return found

    async def many(self, ids: list[str]) -> dict[str, T]:
        found = await self.load(ids)
        return {id: stored.state for id, stored in found.items() if stored.state is not None}

    async def select(
        self,
        where: dict[str, Any],
        *,
        sort: list[tuple[str, int]] | None = None,
        most: int = 0,
    ) -> list[T]:
        """Every entity that matches, in one reply; ``most`` 0 is no limit."""
        return [state for state, _ in await self.followed(where, sort=sort, most=most)]

    async def in_batches(
        self,
        where: dict[str, Any],
        *,
        sort: list[tuple[str, int]] | None = None,
        by_index: str | None = None,
        at_once: int = 200,
    ) -> AsyncIterator[list[T]]:
        """Every entity that matches, a few at a time: for files, which are as long as they are."""
        found = self.documents.find(where, batch_size=at_once, hint=by_index)
        if sort:
            found = found.sort(sort)
        try:
            while rows := await found.to_list(at_once):
                yield [self.state(one) for one in rows]
        finally:
            await found.close()

    async def followed(
        self,
        where: dict[str, Any],
        *,
        sort: list[tuple[str, int]] | None = None,
        most: int = 0,
    ) -> list[tuple[T, str]]:
        """The same, each with the span that changed it last."""
        found = self.documents.find(where, batch_size=10_000)
        if sort:
            found = found.sort(sort)
        rows = await found.limit(most).to_list(None)
        return [(self.state(one), one.get("trace", "")) for one in rows]

    async def computed(
        self, *steps: dict[str, Any], by_index: str | None = None
    ) -> list[dict[str, Any]]:
        """What an aggregation comes to, in one reply; ``by_index`` as ``kit.pages.page`` has it."""
        how = {"hint": by_index} if by_index else {}
        found = self.documents.aggregate([*steps], **how)
        # A cursor with one driver, what becomes one with the other.
        cursor = await found if isawaitable(found) else found
        rows: list[dict[str, Any]] = await cursor.to_list(None)
        return rows

    async def load(self, ids: list[str]) -> dict[str, Stored[T]]:
        if not ids:
            return {}
        # One reply for all of them: the default first batch of 101 would cost a second trip.
        found = self.documents.find({"_id": {"$in": ids}}, batch_size=len(ids) + 1)
        return {
            one["_id"]: Stored(
                self.state(one), one["clock"], one.get("trace", ""), one.get("row", "")
            )
            for one in await found.to_list(None)
        }

    def state(self, document: dict[str, Any]) -> T:
        """The entity a document holds, without what was only derived from it."""
        own = {name: value for name, value in document.items() if name in self._fields}
        return self._adapter.validate_python(own | {"id": document["_id"]})

    def shown(self, state: T) -> dict[str, Any]:
        """An entity as JSON has it, all of it."""
        said: dict[str, Any] = self._adapter.dump_python(state, mode="json")
        return said

    def document(self, state: T) -> dict[str, Any]:
        """What would be kept of an entity that is not."""
        return {"_id": state.id, **self.dump(Stored(state))}

    def dump(self, stored: Stored[T]) -> dict[str, Any]:
        """What to keep of an entity, but its id."""
        document: dict[str, Any] = self._adapter.dump_python(stored.state)  # type: ignore[arg-type]  # never None here
        del document["id"]
        if self._derived:
            document |= self._derived(stored.state)
        return document | {"clock": stored.clock, "trace": stored.trace, "row": stored.row}

    @property
    def derives(self) -> bool:
        return self._derived is not None

    def derivation(self, document: dict[str, Any]) -> dict[str, Any]:
        """
        What is derived from the state of a document and is not kept beside it like that.

        What nobody derives any more is not seen: it may be what another release keeps.
        """
        derived: dict[str, Any] = self._derived(self.state(document)) if self._derived else {}
        return {
            name: value for name, value in derived.items() if document.get(name) != _kept(value)
        }

    def replacement(self, before: T, stored: Stored[T]) -> dict[str, Any]:
        """The update from one state to the next; what was derived from the first alone goes."""
        new = self.dump(stored)
        gone = (self._derived(before).keys() if self._derived else set()) - new.keys()
        return {"$set": new} | ({"$unset": dict.fromkeys(gone, "")} if gone else {})


def entity(stored: Stored[Any] | None) -> Entity | None:
    return stored.state if stored else None


def _kept(value: Any) -> Any:
    """As the database gives it back."""
    return [*value] if isinstance(value, tuple) else value
