"""How a question to those who decide for a structure is opened, told and answered. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from contracts.approvals import (
    ApprovalDecided,
    ApprovalOpened,
    ApprovalWithdrawn,
    ApproverMissing,
    Kind,
    Verdict,
)
from contracts.users import (
    Habilitation,
    HabilitationsRequested,
    PersonChanged,
    PersonErased,
    RattachementRequested,
)
from kit.change import Change, Entity
from kit.days import beginning_of, day_of
from kit.problems import Conflict, Forbidden, Invalid, NotFound

LOOKING_LASTS = timedelta(minutes=1)
"""After that, whoever was telling the approvals that wait is taken for dead."""

State = Literal["requested", "approved", "refused", "withdrawn"]

Question = RattachementRequested | HabilitationsRequested
KINDS: Final[dict[type[Question], Kind]] = {
    RattachementRequested: "rattachement",
    HabilitationsRequested: "habilitation",
}
"""What is put to those who decide: all of them say who asks, where, and for what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Entity):
    """One question put to those who decide for a structure, and their answer."""

    kind: Kind
    subject_id: str
    requester_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    given: tuple[Habilitation, ...] = ()
    """What the requester would be given, and what they would lose."""
    taken: tuple[Habilitation, ...] = ()
    comment: str = ""
    state: State = "requested"
    opened_at: datetime
    told: bool = False
    """Whether anybody has been told that it is open: not before somebody may decide."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""


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
                and _reaches(span.units or self.units, approval.units)
                for span in self.spans
            )
        )


def _reaches(limits: tuple[str, ...], units: tuple[str, ...]) -> bool:
    return not limits or (bool(units) and set(units) <= set(limits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers(Entity):
    """Those who decide for one structure, now or later, as their rights stand."""

    seats: tuple[Seat, ...] = ()
    awaited_by: str | None = None
    """The last approval that found nobody to decide on it; None when none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Entity):
    """The name shown for a requester: the copy of what the users service last told."""

    name: str
    active: bool = True
    heard: int
    """The version of the person this copy shows."""
    erased: bool = False


class NotYourOwn(Forbidden):
    """Nobody decides on their own request."""


class ReasonMissing(Invalid):
    """A refusal says why."""


class AlreadyDecided(Conflict):
    """This approval has already been decided."""


class AlreadyWithdrawn(Conflict):
    """Whoever asked for this has withdrawn it."""


class RequesterOnly(Forbidden):
    """Only whoever asked may withdraw it."""


def open_for(
    asked: Question,
    current: Approval | None,
    approvers: Approvers | None,
    *,
    now: datetime,
) -> tuple[Change[Approval], Change[Approvers]]:
    """Put the question; while nobody may answer it waits, and is never approved by itself."""
    if current:
        return Change(current), Change(approvers)
    opened = Approval(
        id=asked.request_id,
        kind=KINDS[type(asked)],
        subject_id=asked.request_id,
        requester_id=asked.user_id,
        structure_id=asked.structure_id,
        structure_identifier=asked.structure_identifier,
        structure_name=asked.structure_name,
        units=asked.units,
        comment=asked.comment,
        opened_at=asked.requested_at,
        **_what(asked),
    )
    told = tell_opened(opened, approvers, now=now)
    if told.events:
        return told, Change(approvers)
    missing = ApproverMissing(
        approval_id=opened.id, structure_id=opened.structure_id, noticed_at=now
    )
    known = approvers or Approvers(id=asked.structure_id)
    awaited = replace(known, awaited_by=opened.id, wake_at=known.wake_at or _next_look(known, now))
    return Change(opened, (missing,)), Change(awaited)


def _what(asked: Question) -> dict[str, Any]:
    if isinstance(asked, HabilitationsRequested):
        return {"given": asked.given, "taken": asked.taken}
    return {"valid_from": asked.valid_from, "valid_until": asked.valid_until}


def tell_opened(
    current: Approval | None, approvers: Approvers | None, *, now: datetime
) -> Change[Approval]:
    """Tell of an approval as soon as somebody may decide on it, and only once."""
    if current is None or current.told:
        return Change(current)
    today, seats = day_of(now), approvers.seats if approvers else ()
    deciding = [seat for seat in seats if seat.decides(current, today)]
    if not deciding:
        return Change(current)
    deciding.sort(key=lambda seat: (not seat.principal, seat.user_id))
    return _told(
        current,
        principal=deciding[0].user_id if deciding[0].principal else None,
        approvers=tuple(seat.user_id for seat in deciding),
    )


def _told(
    approval: Approval, *, principal: str | None, approvers: tuple[str, ...]
) -> Change[Approval]:
    opened = ApprovalOpened(
        approval_id=approval.id,
        kind=approval.kind,
        subject_id=approval.subject_id,
        structure_id=approval.structure_id,
        structure_name=approval.structure_name,
        requester_id=approval.requester_id,
        principal_manager_id=principal,
        approver_ids=approvers,
        opened_at=approval.opened_at,
    )
    return Change(replace(approval, told=True), (opened,))


def take_seat(seat: Seat, current: Approvers | None, *, now: datetime) -> Change[Approvers]:
    """Give somebody their place among those who decide, or take it away, as their rights say."""
    known = current or Approvers(id=seat.structure_id)
    others = [one for one in known.seats if one.user_id != seat.user_id]
    lasting = any(span.last >= day_of(now) for span in seat.spans)
    seats = sorted((*others, seat) if lasting else others, key=lambda one: one.user_id)
    if tuple(seats) == known.seats:
        return Change(current)
    # Whatever waits for somebody to decide is looked at again, at once.
    wake_at = now if known.awaited_by else None
    return Change(replace(known, seats=tuple(seats), wake_at=wake_at))


def look(current: Approvers | None, now: datetime) -> Change[Approvers]:
    """Begin to look at what waits, for as long as somebody alive takes."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LOOKING_LASTS))


def looked(
    begun: Approvers, current: Approvers | None, *, still_waiting: str | None, now: datetime
) -> Change[Approvers]:
    """End a look: what nobody may decide on yet waits until somebody's rights begin."""
    if current is None:
        return Change(None)
    if current.version != begun.version:
        return Change(replace(current, wake_at=now))
    next_look = _next_look(current, now) if still_waiting else None
    return Change(replace(current, awaited_by=still_waiting, wake_at=next_look))


def decide(
    current: Approval | None,
    approvers: Approvers | None,
    *,
    verdict: Verdict,
    reason: str,
    by: str,
    seat: Seat | None,
    now: datetime,
) -> Change[Approval]:
    """Answer the question: the one way in, whoever asks and however."""
    if current is None:
        raise NotFound
    if by == current.requester_id:
        raise NotYourOwn
    if seat is None or seat.user_id != by or not seat.decides(current, day_of(now)):
        raise NotFound
    if verdict == "refused" and not reason:
        raise ReasonMissing(field="body/reason")
    if (current.state, current.decided_by) == (verdict, by):
        return Change(current)
    if current.state == "withdrawn":
        raise AlreadyWithdrawn
    if current.state != "requested":
        raise AlreadyDecided(verdict=current.state)
    told = tell_opened(current, approvers, now=now)
    if not current.told and not told.events:
        told = _told(current, principal=None, approvers=(by,))
    decided = ApprovalDecided(
        approval_id=current.id,
        kind=current.kind,
        subject_id=current.subject_id,
        structure_id=current.structure_id,
        requester_id=current.requester_id,
        verdict=verdict,
        reason=reason,
        decided_by=by,
        decided_at=now,
    )
    answered = replace(
        current, told=True, state=verdict, decided_by=by, decided_at=now, reason=reason
    )
    return Change(answered, (*told.events, decided))


def withdraw(current: Approval | None, *, by: str, now: datetime) -> Change[Approval]:
    """Take one's own question back, for as long as nobody has answered it."""
    if current is None:
        raise NotFound
    if by != current.requester_id:
        raise RequesterOnly
    if current.state == "withdrawn":
        return Change(current)
    if current.state != "requested":
        raise AlreadyDecided(verdict=current.state)
    event = ApprovalWithdrawn(
        approval_id=current.id,
        kind=current.kind,
        subject_id=current.subject_id,
        structure_id=current.structure_id,
        requester_id=current.requester_id,
        withdrawn_at=now,
    )
    # Told or not, nobody needs to hear any more that it was open.
    return Change(replace(current, told=True, state="withdrawn", decided_at=now), (event,))


def readable(current: Approval | None, seat: Seat | None, *, by: str, now: datetime) -> Approval:
    """The approval, for its requester and those who may decide; for all others there is none."""
    if current and (by == current.requester_id or (seat and seat.decides(current, day_of(now)))):
        return current
    raise NotFound


def copy_person(event: PersonChanged, current: Person | None, *, now: datetime) -> Change[Person]:
    """Keep what was told last; of whoever has left, what waits is taken back."""
    if current and (current.erased or current.heard >= event.version):
        return Change(current)
    name = f"{event.first_name} {event.last_name}".strip()
    stays = Person(id=event.user_id, name=name, active=event.active, heard=event.version)
    return Change(stays if event.active else replace(stays, wake_at=now))


def leave(current: Person | None, now: datetime, *, lease: timedelta) -> Change[Person]:
    """Begin to take back what somebody asked for who has left, for as long as a worker lives."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + lease))


def has_left(current: Person | None) -> Change[Person]:
    return Change(current and replace(current, wake_at=None))


def withdraw_of_who_left(
    current: Approval | None, person: Person | None, *, now: datetime
) -> Change[Approval]:
    """Take a question back for whoever asked it, unless they came back or it was answered."""
    if current is None or person is None or person.active or current.state != "requested":
        return Change(current)
    return withdraw(current, by=person.id, now=now)


def forget_name(event: PersonErased, current: Person | None) -> Change[Person]:
    """Nobody is called anything under this id any more, whatever is heard late."""
    nobody = current or Person(id=event.user_id, name="", heard=0)
    return Change(replace(nobody, name="", active=False, erased=True))


def without_words(approval: Approval) -> Change[Approval]:
    """Who asked for what, and what was decided; not what was written to and fro."""
    return Change(replace(approval, comment="", reason=""))


def _next_look(approvers: Approvers, now: datetime) -> datetime | None:
    """The beginning of the next day on which somebody's time to decide begins."""
    firsts = [span.first for seat in approvers.seats for span in seat.spans]
    day = min((first for first in firsts if first > day_of(now)), default=None)
    return beginning_of(day) if day else None
