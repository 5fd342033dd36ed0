"""On which shelves a ticket stands for whom, and what it is sorted and found by. Pure."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from kit.folding import fold
from kit.words import stems
from services.support.domain.reach import Reach
from services.support.domain.states import State
from services.support.domain.tickets import Ticket
from services.support.markup import as_text

Tab = Literal["actions_required", "not_closed", "in_progress", "closed", "drafts", "to_treat"]
View = Literal["emitted", "received"]

SENT: Final[tuple[State, ...]] = ("open", "waiting", "resolved", "closed")
HOLDS: Final[Mapping[Tab, tuple[State, ...]]] = {
    "actions_required": ("waiting", "resolved"),
    "not_closed": ("open", "waiting", "resolved"),
    "in_progress": ("open",),
    "closed": ("closed",),
    "drafts": ("draft",),
    "to_treat": ("open",),
}
"""The states that each tab holds (SUP-26 to SUP-30, SUP-39)."""
EMITTERS: Final[frozenset[Tab]] = frozenset({"actions_required", "drafts"})
"""Tabs of those who wrote: nothing is asked there of anybody else."""

_ORDER: Final = ("draft", *SENT)
_TITLE_MOST: Final = 64


def found_by(ticket: Ticket) -> dict[str, Any]:
    """What is kept beside a ticket to list it, sort it and find it by."""
    said, millisecond = ticket.content, ticket.created_at.microsecond // 1000
    at = f"{ticket.created_at:%Y%m%d%H%M%S}{millisecond:03}"
    return {
        "shelves": sorted(shelves(ticket)),
        "owners": sorted(owners(ticket)),
        "by_title": titled(ticket),
        # What is filed alike is in the order of time: as exactly as the database keeps moments.
        "by_category": f"{said.category} {at}",
        "by_subcategory": f"{said.subcategory} {at}",
        "by_state": f"{rank(ticket.state)} {at}",
        "stems": _stems(f"{said.title} {said.object_number}", said.description),
    }


def titled(ticket: Ticket) -> str:
    return fold(ticket.content.title).strip()[:_TITLE_MOST]


def rank(state: State) -> int:
    return _ORDER.index(state)


@lru_cache(maxsize=500)
def _stems(title: str, description: str) -> tuple[str, ...]:
    # Remembered, since it is asked at every change of a ticket, and few of them change its words.
    return tuple(sorted(set(stems(f"{title} {as_text(description)}"))))


def shelves(ticket: Ticket) -> set[str]:
    """
    The shelves a ticket stands on: whoever may look at one of them may know of it.

    One for each side and state, so that what somebody may read is found by an index, however much
    there is: ``on_shelves`` and ``reach.standing`` say the same.
    """
    said, state = ticket.content, ticket.state
    author = f"author:{ticket.emitter_id}"
    if state == "draft":
        return {f"{author}/draft"}
    readers = {"desk"}
    if said.structure_id is None:
        readers.add(author)
    else:
        readers |= {f"{author}:{said.structure_id}", f"emitter:{said.structure_id}"}
        if said.unit is not None:
            readers.add(f"emitter:{said.structure_id}:{said.unit}")
    if ticket.recipient_id is not None:
        readers.add(f"recipient:{ticket.recipient_id}")
    standing = {f"{one}/{state}" for one in readers}
    if state == "open":
        treating = f":{ticket.recipient_id}" if ticket.treated_by == "recipient" else ""
        standing.add(f"treating{treating}")
    return standing


def owners(ticket: Ticket) -> set[str]:
    """Whose a ticket is, in whatever state: its author's and, once sent, its structures'."""
    named = {ticket.content.structure_id, ticket.recipient_id} if ticket.state != "draft" else ()
    return {f"author:{ticket.emitter_id}", *filter(None, named)}


def owners_in(reach: Reach, view: View | None) -> list[str]:
    """
    Those whose tickets somebody may read: of each part of them, or of none.

    Much fewer than shelves, of which a structure has one for each side, unit and state.
    """
    written = {structure for structure, _ in reach.emitted_read} if view != "received" else ()
    sent = reach.received_read if view != "emitted" else ()
    return [f"author:{reach.user_id}", *{*written, *sent}]


def in_reach(reach: Reach, view: View | None, states: Iterable[State]) -> list[str]:
    """The shelves that somebody may look at; ``view``: as emitter or as recipient alone."""
    readers = list[str]()
    if view != "received":
        readers += _as_emitter(reach)
    if view != "emitted":
        readers += [f"recipient:{one}" for one in reach.received_read]
    if view is None and reach.desk:
        readers = ["desk"]
    drafts = [f"author:{reach.user_id}/draft"] if view != "received" else []
    wanted = frozenset(states)
    sent = [one for one in SENT if one in wanted]
    looked_at = [f"{reader}/{state}" for reader in readers for state in sent]
    return sorted(looked_at + (drafts if "draft" in wanted else []))


def of_structure(structure: str, reach: Reach, states: Iterable[State]) -> list[str]:
    """The shelves of what a structure wrote or was sent, and one's own drafts: not all for one."""
    sent = [one for one in SENT if one in {*states}]
    both = (f"emitter:{structure}", f"recipient:{structure}")
    drafts = [f"author:{reach.user_id}/draft"] if "draft" in {*states} else []
    return sorted([f"{side}/{state}" for side in both for state in sent] + drafts)


def to_treat(reach: Reach) -> list[str]:
    """The shelves of what waits for somebody's answer, their own tickets among them."""
    theirs = [f"treating:{one}" for one in reach.received_act]
    return sorted([*theirs, "treating"] if reach.desk else theirs)


def _as_emitter(reach: Reach) -> list[str]:
    wholes = {structure for structure, unit in reach.emitted_read if unit is None}
    units = {
        f"emitter:{structure}:{unit}"
        for structure, unit in reach.emitted_read
        if unit is not None and structure not in wholes
    }
    author = f"author:{reach.user_id}"
    own = {author, *(f"{author}:{one}" for one in reach.attached - wholes)}
    return [*(f"emitter:{one}" for one in wholes), *units, *own]


def emitted(reach: Reach) -> dict[str, Any]:
    """What somebody reads as an emitter, by the ticket's own fields: where shelves are too many."""
    wholes, by_structure = set[str](), dict[str, list[str]]()
    for structure, unit in reach.emitted_read:
        if unit is None:
            wholes.add(structure)
        else:
            by_structure.setdefault(structure, []).append(unit)
    named = [
        {"content.structure_id": structure, "content.unit": {"$in": sorted(units)}}
        for structure, units in sorted(by_structure.items())
        if structure not in wholes
    ]
    own = {"emitter_id": reach.user_id, "content.structure_id": {"$in": [None, *reach.attached]}}
    return {"$or": [own, {"content.structure_id": {"$in": sorted(wholes)}}, *named]}


def received(reach: Reach) -> dict[str, Any]:
    return {"recipient_id": {"$in": sorted(reach.received_read)}}
