"""Who decides for a structure, on which days and on what."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kit.change import Change, Entity
from kit.days import beginning_of, day_of
from kit.entitled import reaches
from services.approvals.domain.approvals import Approval

DAY = timedelta(days=1)
LOOKING_LASTS = timedelta(minutes=1)
"""After that, whoever was telling the approvals that wait is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days in Europe/Paris, both included, and the only units decided on; none: the whole."""

    first: date
    last: date
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What somebody's rights in a structure come to: on which days they decide, and on what."""

    user_id: str
    structure_id: str
    principal: bool
    units: tuple[str, ...] = ()
    """As kept before each span had its own: the units that limit them all."""
    spans: tuple[Span, ...] = ()

    def decides(self, approval: Approval, today: date) -> bool:
        """Whether they may answer this question today; nobody answers their own."""
        return (
            self.structure_id == approval.structure_id
            and self.user_id != approval.requester_id
            and any(
                span.first <= today <= span.last
                and reaches(span.units or self.units, approval.units)
                for span in self.spans
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers(Entity):
    """Those who decide for one structure, now or later, as their rights stand."""

    seats: tuple[Seat, ...] = ()
    awaited_by: str | None = None
    """The last approval that found nobody to decide on it; None when none waits."""


def who_decides(approval: Approval, approvers: Approvers | None, *, on: date) -> tuple[Seat, ...]:
    """Those who may answer a question that day, the principal manager first."""
    seats = approvers.seats if approvers else ()
    deciding = (seat for seat in seats if seat.decides(approval, on))
    return tuple(sorted(deciding, key=lambda seat: (not seat.principal, seat.user_id)))


def asked_first(seats: tuple[Seat, ...]) -> tuple[str, ...]:
    """The principal manager alone or, where none decides, all who do."""
    first = seats[:1] if seats and seats[0].principal else seats
    return tuple(seat.user_id for seat in first)


def awaited(approvers: Approvers | None, approval: Approval, *, now: datetime) -> Approvers:
    """With a question that nobody may decide on: it is looked at when somebody may."""
    known = replace(approvers or Approvers(id=approval.structure_id), awaited_by=approval.id)
    return replace(known, wake_at=_earliest(known.wake_at, next_look(known, now)))


def take_seat(seat: Seat, current: Approvers | None, *, now: datetime) -> Change[Approvers]:
    """Give somebody their place among those who decide, or take it away, as their rights say."""
    known = current or Approvers(id=seat.structure_id)
    others = [one for one in known.seats if one.user_id != seat.user_id]
    lasting = any(span.last >= day_of(now) for span in seat.spans)
    seats = sorted((*others, seat) if lasting else others, key=lambda one: one.user_id)
    if tuple(seats) == known.seats:
        return Change(current)
    # What waits for somebody to decide, or was put to whoever may no longer, is looked at at once.
    had = any(one.user_id == seat.user_id for one in known.seats)
    seated = replace(known, seats=tuple(seats))
    at_once = known.awaited_by or had
    wake_at = now if at_once else _earliest(known.wake_at, next_look(seated, now))
    return Change(replace(seated, wake_at=wake_at))


def look(current: Approvers | None, now: datetime) -> Change[Approvers]:
    """Begin to look at what waits, for as long as somebody alive takes."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LOOKING_LASTS))


def looked(
    begun: Approvers, current: Approvers | None, *, still_waiting: str | None, now: datetime
) -> Change[Approvers]:
    """End a look, until somebody's time to decide is over or, where something waits, begins."""
    if current is None:
        return Change(None)
    if current.version != begun.version:
        return Change(replace(current, wake_at=now))
    rests = replace(current, awaited_by=still_waiting)
    return Change(replace(rests, wake_at=next_look(rests, now)))


def next_look(approvers: Approvers, now: datetime) -> datetime | None:
    """
    The beginning of the first day on which somebody no longer decides, for nobody tells of it.

    Where something waits for somebody to decide, that of a day on which somebody's time begins too.
    """
    spans = [span for seat in approvers.seats for span in seat.spans]
    turns = {span.last + DAY for span in spans if span.last < date.max}
    if approvers.awaited_by:
        turns |= {span.first for span in spans}
    day = min((turn for turn in turns if turn > day_of(now)), default=None)
    return beginning_of(day) if day else None


def _earliest(*moments: datetime | None) -> datetime | None:
    return min(filter(None, moments), default=None)
