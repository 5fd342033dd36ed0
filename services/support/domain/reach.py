"""As whom somebody may know of tickets, and act on them. The one answer, for one and for lists."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

from contracts.users import Level
from kit import entitled
from kit.entitled import Held
from kit.problems import NotFound
from services.support.domain.tickets import Ticket

EMITTED: Final = "sollicitations-emises"
RECEIVED: Final = "sollicitations-recues"

Side = Literal["emitter", "recipient", "desk"]
Part = tuple[str, str | None]
"""A structure and one of its units, or None for the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What somebody may know of and act on, on one day."""

    user_id: str
    desk: bool = False
    """Of the support desk: an operator."""
    attached: frozenset[str] = frozenset()
    """The structures they may write for."""
    emitted_read: frozenset[Part] = frozenset()
    emitted_act: frozenset[Part] = frozenset()
    received_read: frozenset[str] = frozenset()
    received_act: frozenset[str] = frozenset()
    wrote: str = ""
    """The ticket that somebody has proved to have written without signing in."""


class Standing(NamedTuple):
    """What somebody is to one ticket."""

    user_id: str
    reads: frozenset[Side]
    acts: frozenset[Side]


def reach_of(user_id: str, held: Iterable[tuple[str, Held]], on: date, *, desk: bool) -> Reach:
    """``held``: what they hold in each structure that matters. Neither level gives the other."""
    attached, parts = set[str](), defaultdict[tuple[str, Level], set[Part]](set)
    for id, one in held:
        if entitled.attached(one, on):
            attached.add(id)
        for application, level, unit in entitled.uses(one, on):
            parts[application, level].add((id, unit))
    emitted_act = frozenset(parts[EMITTED, "modification"])
    received_act = _wholes(parts[RECEIVED, "modification"])
    return Reach(
        user_id=user_id,
        desk=desk,
        attached=frozenset(attached),
        emitted_read=emitted_act | parts[EMITTED, "consultation"],
        emitted_act=emitted_act,
        received_read=received_act | _wholes(parts[RECEIVED, "consultation"]),
        received_act=received_act,
    )


def standing(ticket: Ticket, reach: Reach) -> Standing:
    """
    What somebody is to a ticket (SUP-42, decision 0040).

    A draft is its author's alone. Who wrote for a structure answers for it while attached to it.
    """
    # Of a ticket that nobody has signed, no user is the author.
    signed = ticket.emitter_id
    author = reach.user_id == signed if signed else reach.wrote == ticket.id
    structure, unit = ticket.content.structure_id, ticket.content.unit
    if ticket.state == "draft":
        own: frozenset[Side] = frozenset({"emitter"} if author else ())
        return Standing(reach.user_id, own, own)
    speaks = author and (structure is None or structure in reach.attached)
    return Standing(
        user_id=reach.user_id,
        reads=_sides(
            emitter=speaks or _covers(reach.emitted_read, structure, unit),
            recipient=ticket.recipient_id in reach.received_read,
            desk=reach.desk,
        ),
        acts=_sides(
            emitter=speaks or _covers(reach.emitted_act, structure, unit),
            recipient=ticket.recipient_id in reach.received_act,
            desk=reach.desk,
        ),
    )


def seen(ticket: Ticket | None, reach: Reach) -> tuple[Ticket, Standing]:
    """The ticket, to those who may know that it exists."""
    if ticket is None:
        raise NotFound
    found = standing(ticket, reach)
    if not found.reads:
        raise NotFound
    return ticket, found


def visible(ticket: Ticket | None, reach: Reach) -> Ticket:
    return seen(ticket, reach)[0]


def treats(ticket: Ticket, found: Standing) -> bool:
    """Whether it is theirs to treat: never their own, whatever else they are."""
    return "emitter" not in found.reads and ticket.treated_by in found.acts


def _covers(parts: frozenset[Part], structure: str | None, unit: str | None) -> bool:
    if structure is None:
        return False
    return (structure, None) in parts or (structure, unit) in parts


def _wholes(parts: Iterable[Part]) -> frozenset[str]:
    """A ticket names no unit of its recipient: it is for those who may treat any."""
    return frozenset(structure for structure, unit in parts if unit is None)


def _sides(**stands: bool) -> frozenset[Side]:
    return frozenset(side for side, yes in stands.items() if yes)  # type: ignore[misc]  # named as sides are
