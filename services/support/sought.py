"""What may be asked of the list of tickets."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Query

from kit.days import Day, beginning_of
from kit.ids import EntityId
from kit.problems import Invalid
from kit.words import stems
from services.support.domain import listing
from services.support.domain.listing import EMITTERS, HOLDS, SENT, Tab, View
from services.support.domain.reach import Reach
from services.support.domain.states import State

Sort = Literal["created_at", "number", "title", "category", "subcategory", "state"]
Direction = Literal["ascending", "descending"]

KEPT_AS: Final[dict[Sort, str]] = {
    "created_at": "created_at",
    "number": "number",
    "title": "by_title",
    "category": "by_category",
    "subcategory": "by_subcategory",
    "state": "by_state",
}
"""The field that each order is read by, in an index of its own behind the shelves."""
NOTHING: Final[dict[str, Any]] = {"_id": {"$in": []}}
OVERDUE: Final = {"overdue": True}
ONE_DAY: Final = timedelta(days=1)
_WORDS_MOST: Final = 10
Code = Annotated[str | None, Query(max_length=64, pattern=r"^[A-Z0-9_]+$")]


class NoCriterion(Invalid):
    """Choose a tab, or say at least one thing that the tickets you look for have."""


class TooManyWords(Invalid):
    """Such a search has too many words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """All of it must hold. Read from the query of a request."""

    tab: Annotated[Tab | None, Query(description="Without one, a search in all you may read.")] = (
        None
    )
    view: Annotated[View | None, Query(description="As emitter, or as recipient, alone.")] = None
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Words of the title or the description, or the number of what it is "
            "about, all of them; not of answers.",
        ),
    ] = None
    number: Annotated[str | None, Query(pattern=r"^ *([Cc][Pp][Rr][Oo][Cc][Ss])?[0-9]{1,7} *$")] = (
        None
    )
    category: Code = None
    subcategory: Code = None
    state: Annotated[State | None, Query()] = None
    structure_id: Annotated[
        EntityId | None, Query(description="Which wrote it, or was written to.")
    ] = None
    overdue: Annotated[
        bool, Query(description="Only what is late: something promised is still to be done.")
    ] = False
    created_from: Annotated[Day | None, Query()] = None
    created_until: Annotated[Day | None, Query(description="That day included.")] = None
    sort: Annotated[Sort, Query()] = "created_at"
    direction: Annotated[Direction, Query()] = "descending"

    def required(self) -> "Sought":
        """Raise NoCriterion where everything would be found (SUP-31)."""
        if self == replace(Sought(), view=self.view, sort=self.sort, direction=self.direction):
            raise NoCriterion(field="query/tab")
        _ = self.words  # refused before a file begins to leave
        return self

    @property
    def states(self) -> tuple[State, ...]:
        held = HOLDS[self.tab] if self.tab else ("draft", *SENT)
        return tuple(one for one in held if self.state in (None, one))

    @property
    def seen_as(self) -> View | None:
        return "emitted" if self.tab in EMITTERS else self.view

    @property
    def words(self) -> list[str]:
        if self.q is None:
            return []
        found = sorted(set(stems(self.q)))
        if not found:
            raise NoCriterion("None of these words says what is looked for.", field="query/q")
        if len(found) > _WORDS_MOST:
            raise TooManyWords(f"At most {_WORDS_MOST} words.", field="query/q")
        return found

    @property
    def descending(self) -> bool:
        return self.direction == "descending"

    @property
    def read_by(self) -> Sort:
        """The order that is read: what is filed alike is kept in that of time."""
        if self.sort != "created_at" or self.q is not None:
            return self.sort
        return "subcategory" if self.subcategory else "category" if self.category else self.sort

    @property
    def in_time(self) -> bool:
        return self.read_by == "created_at"

    def furthest(self, moments: Iterable[datetime]) -> datetime:
        """The one that comes last in this order."""
        return min(moments) if self.descending else max(moments)

    def shelves(self, reach: Reach) -> list[str]:
        if self.tab == "to_treat":
            return listing.to_treat(reach) if self.states else []
        if self.structure_id:
            return listing.of_structure(self.structure_id, reach, self.states)
        return listing.in_reach(reach, self.seen_as, self.states)

    def owners(self, reach: Reach) -> dict[str, Any]:
        """At least as much as these shelves hold, by whose the tickets are."""
        named = listing.owners_in(reach, self.seen_as)
        return {"owners": {"$in": named}, "state": {"$in": [*self.states]}}

    def all_shelves(self, reach: Reach) -> list[str]:
        """Few that hold at least as much: all tickets of these states, and one's own drafts."""
        sent = [f"desk/{one}" for one in self.states if one != "draft"]
        drafts = [f"author:{reach.user_id}/draft"] if "draft" in self.states else []
        return sent + drafts

    def within(self, reach: Reach) -> dict[str, Any]:
        """What somebody may read of that, by the tickets' own fields."""
        sent = [one for one in self.states if one != "draft"]
        either: list[dict[str, Any]] = []
        if sent:
            either.append({"$and": [{"state": {"$in": sent}}, self._sides(reach)]})
        if "draft" in self.states and self.seen_as != "received":
            either.append({"state": "draft", "emitter_id": reach.user_id})
        return {"$or": either} if either else NOTHING

    def _sides(self, reach: Reach) -> dict[str, Any]:
        if self.tab == "to_treat":
            theirs = {"treated_by": "recipient", "recipient_id": {"$in": [*reach.received_act]}}
            return {"$or": [theirs, *([{"treated_by": "desk"}] if reach.desk else [])]}
        if reach.desk and self.seen_as is None:
            return {}
        either = [listing.emitted(reach)] if self.seen_as != "received" else []
        either += [listing.received(reach)] if self.seen_as != "emitted" else []
        return {"$or": either}

    def beyond_shelves(self, reach: Reach) -> list[dict[str, Any]]:
        """What else is asked."""
        # Said so that no index is entered by one word while another, which is rarer, leads.
        asked: list[dict[str, Any]] = [{"$nor": [{"stems": {"$ne": one}}]} for one in self.words]
        if self.number:
            asked.append(self.numbered)
        if self.overdue:
            asked.append(OVERDUE)
        if self.tab == "to_treat":
            asked.append({"$nor": [listing.emitted(reach)]})
        if self.structure_id:
            named = ("content.structure_id", "content.recipient_structure_id", "recipient_id")
            asked.append({"$or": [{name: self.structure_id} for name in named]})
            asked.append(self.within(reach))
        return asked + [filed for filed, _ in self.ranges]

    @property
    def numbered(self) -> dict[str, Any]:
        digits = (self.number or "").strip().upper().removeprefix("CPROCS")
        return {"number": f"CPROCS{digits:0>7}"}

    @property
    def ranges(self) -> list[tuple[dict[str, Any], Sort]]:
        """What is asked of a field that tickets are sorted by, and of which."""
        asked = list[tuple[dict[str, Any], Sort]]()
        if self.category:
            asked.append((beginning("by_category", self.category), "category"))
        if self.subcategory:
            asked.append((beginning("by_subcategory", self.subcategory), "subcategory"))
        created = dict[str, Any]()
        if self.created_from:
            created["$gte"] = beginning_of(self.created_from)
        if self.created_until:
            created["$lt"] = beginning_of(self.created_until + ONE_DAY)
        return asked + ([({"created_at": created}, "created_at")] if created else [])


def beginning(field: str, code: str) -> dict[str, Any]:
    """Those of a field that begins with a code and a space."""
    return {field: {"$gte": f"{code} ", "$lt": f"{code}!"}}
