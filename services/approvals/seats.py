"""What somebody's rights come to, when it is about deciding."""

from datetime import date, timedelta

from contracts.users import Habilitation, Line
from kit.rights import Rights
from services.approvals.domain.approvers import Seat, Span

DAY = timedelta(days=1)


def seat_of(rights: Rights, *, there: bool = True) -> Seat:
    """
    The days on which somebody decides, asked of the rights themselves; none who are not there.

    They can only answer otherwise on a day on which something they hold begins or has ended.
    """
    held: tuple[Line | Habilitation, ...] = (*rights.lines, *rights.habilitations)
    begun = {one.valid_from for one in held}
    ended = {one.valid_until for one in held} - {date.max}
    turns = sorted({date.min, *filter(None, begun), *(day + DAY for day in ended if day)})
    lasts = [day - DAY for day in turns[1:]] + [date.max]
    return Seat(
        user_id=rights.user_id,
        structure_id=rights.structure_id,
        principal=rights.role == "principal_manager",
        spans=tuple(
            Span(first=first, last=last, units=rights.limited_to(first))
            for first, last in zip(turns, lasts, strict=True)
            if there and rights.approves(first)
        ),
    )
