"""What the desk takes away of the tickets of others as files: that it did, and of which. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from kit.change import Change, Entity
from services.support.domain.listing import Tab, View
from services.support.domain.reach import Reach
from services.support.domain.states import State

Format = Literal["csv", "xlsx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the tickets of an export had to have, without a word that somebody wrote."""

    tab: Tab | None = None
    view: View | None = None
    state: State | None = None
    category: str | None = None
    subcategory: str | None = None
    structure_id: str | None = None
    overdue: bool = False
    created_from: date | None = None
    created_until: date | None = None
    number: str | None = None
    words: int = 0
    """How many were looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Entity):
    """One file of tickets that left for an agent of the desk."""

    by: str
    at: datetime
    format: Format
    asked: Asked
    tickets: int | None = None
    """How many it held; None while it leaves, and where nobody saw its end."""


def of_others(reach: Reach, asked: Asked) -> bool:
    """Whether somebody takes them as the desk, and not those of their own side alone."""
    return reach.desk and (asked.view is None or asked.tab == "to_treat")


def begin(current: Export | None, begun: Export) -> Change[Export]:
    return Change(current or begun)


def end(current: Export | None, *, tickets: int) -> Change[Export]:
    return Change(current and replace(current, tickets=tickets))


def concerning(reach: Reach) -> Iterable[str | None]:
    """Those that somebody sees: of all structures, and of each where they know of tickets."""
    emitting = {structure for structure, _ in reach.emitted_read}
    return [None, *sorted(emitting | reach.received_read | reach.attached)]
