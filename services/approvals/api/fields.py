"""What requests about approvals are made of."""

from typing import Annotated

from fastapi import Query

from contracts.approvals import Verdict
from kit.days import Day
from kit.http import Said
from kit.ids import OpaqueId
from kit.one_line import lines
from kit.problems import Invalid
from services.approvals.domain.approvals import State
from services.approvals.domain.deciding import Answer
from services.approvals.views import OF_THE_STRUCTURE, Direction, Mine, Sort, Sought

Reason = Annotated[str, lines(1000, least=0)]


class Decision(Said):
    verdict: Verdict
    reason: Reason = ""

    @property
    def answer(self) -> Answer:
        return Answer(verdict=self.verdict, reason=self.reason)


class NotSortedByIt(Invalid):
    """A list of what you have asked for is not sorted by what it does not show."""


async def sought(
    *,
    mine: Annotated[
        Mine, Query(description="What one may decide on, or what one has asked others for")
    ] = "to-decide",
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}$")] = None,
    number: Annotated[str | None, Query(pattern=r"^RITM[0-9]{7,12}$")] = None,
    structure_id: OpaqueId | None = None,
    unit: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    requester_id: OpaqueId | None = None,
    opened_from: Annotated[Day | None, Query()] = None,
    opened_until: Annotated[Day | None, Query()] = None,
    sort: Annotated[Sort, Query()] = "opened_at",
    direction: Annotated[Direction, Query()] = "descending",
) -> Sought:
    """The days are days in Europe/Paris, both included."""
    if mine == "asked" and sort in OF_THE_STRUCTURE:
        raise NotSortedByIt(field="query/sort")
    return Sought(
        mine=mine,
        state=state,
        kind=kind,
        number=number,
        structure_id=structure_id,
        unit=unit,
        requester_id=requester_id,
        opened_from=opened_from,
        opened_until=opened_until,
        sort=sort,
        direction=direction,
    )
