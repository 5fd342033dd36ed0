"""What a rattachement is to those who read of it: one of five states, for each unit.

A request that was taken back, or that nobody answered, has a state of its own, and leaves nothing
to show of its units.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from services.users.domain.delegation import Administrator
from services.users.domain.lines import last_day
from services.users.domain.rattachements import Rattachement
from services.users.domain.requests import RattachementRequest

State = Literal["requested", "valid", "refused", "inactive", "removed", "withdrawn", "expired"]
Names = dict[str, str]
Order = Literal["unit", "-unit", "name", "-name", "state", "-state"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one user stands with one unit; without one, with the whole structure."""

    unit: str | None
    name: str
    state: State
    valid_from: date
    valid_until: date | None
    comment: str


def state_of(request: RattachementRequest, tie: Rattachement | None, on: date) -> State:
    """What has become of one request, the grant of a manager included."""
    if request.status in ("requested", "withdrawn", "expired"):
        return request.status
    if request.status != "granted":
        return "refused"
    units = {*(request.extent.units or (None,))}
    if tie and any(line.unit is None or line.unit in units for line in tie.standing(on)):
        return "valid"
    removed = [one for one in tie.past if one.line.unit in units] if tie else []
    return "removed" if any(one.how == "removed" for one in removed) else "inactive"


def standings(
    tie: Rattachement | None, requests: Iterable[RattachementRequest], names: Names, on: date
) -> list[Standing]:
    """All of one user in one structure. ``requests``: theirs there, newest first."""
    found: list[Standing] = []
    asked = list(requests)
    if tie:
        found += _given(tie, asked, names, on)
    known = {one.unit for one in found}
    for request in asked:
        state = state_of(request, tie, on)
        if state in ("requested", "refused"):
            rows = [one for one in _of(request, state, names) if one.unit not in known]
            found += rows
            known |= {one.unit for one in rows if state == "refused"}
    return found


def seen_by(reader: Administrator, found: Iterable[Standing]) -> list[Standing]:
    """
    Nothing of units that the reader does not administer, nor what was written about the whole.

    That somebody is attached to the whole structure is said: they are so to the reader's units.
    """
    if reader.reaches(None):
        return [*found]
    return [
        one if one.unit else replace(one, comment="")
        for one in found
        if reader.reaches(one.unit) or (one.unit is None and one.state == "valid")
    ]


def sorted_by(found: Iterable[Standing], order: Order) -> list[Standing]:
    by = order.removeprefix("-")

    def key(one: Standing) -> tuple[str, str, date]:
        first = {"unit": one.unit or "", "name": one.name.casefold(), "state": one.state}[by]
        return first, one.unit or "", one.valid_from

    return sorted(found, key=key, reverse=order.startswith("-"))


def _given(
    tie: Rattachement, requests: list[RattachementRequest], names: Names, on: date
) -> Iterator[Standing]:
    said = {
        unit: one.comment
        for one in reversed(requests)
        if one.status == "granted"
        for unit in one.extent.units or (None,)
    }
    lines = [
        (line, "valid" if on <= last_day(line) else "inactive", said.get(line.unit, ""))
        for line in tie.lines
    ]
    past = [
        (one.line, "removed" if one.how == "removed" else "inactive", one.comment)
        for one in tie.past
    ]
    for line, state, comment in (*lines, *past):
        yield Standing(
            unit=line.unit,
            name=names.get(line.unit or "", ""),
            state=state,  # type: ignore[arg-type]  # of the literals above
            valid_from=line.valid_from,
            valid_until=line.valid_until,
            comment=comment,
        )


def _of(request: RattachementRequest, state: State, names: Names) -> Iterator[Standing]:
    for unit in request.extent.units or (None,):
        yield Standing(
            unit=unit,
            name=names.get(unit or "", ""),
            state=state,
            valid_from=request.extent.valid_from,
            valid_until=request.extent.valid_until,
            comment=request.reason if state == "refused" else request.comment,
        )
