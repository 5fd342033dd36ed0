"""How a question to those who decide for a structure is opened, told and answered. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from contracts.approvals import ApprovalDecided, ApprovalOpened, ApproverMissing, Kind, Verdict
from contracts.users import PersonChanged, RattachementRequested
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid, NotFound
from kit.rights import Rights

PARIS = ZoneInfo("Europe/Paris")
LOOKING_LASTS = timedelta(minutes=1)
"""After that, whoever was telling the approvals that wait is taken for dead."""

State = Literal["requested", "approved", "refused"]


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
    valid_from: date
    valid_until: date | None = None
    comment: str = ""
    state: State = "requested"
    opened_at: datetime
    told: bool = False
    """Whether anybody has been told that it is open: not before somebody may decide."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers(Entity):
    """Those who decide for one structure, now or later, as their rights stand."""

    members: tuple[Rights, ...] = ()
    awaited_by: str | None = None
    """The last approval that found nobody to decide on it; None when none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Entity):
    """The name shown for a requester: the copy of what the users service last told."""

    name: str
    heard: int
    """The version of the person this copy shows."""


class NotYourOwn(Forbidden):
    """Nobody decides on their own request."""


class ReasonMissing(Invalid):
    """A refusal says why."""


class AlreadyDecided(Conflict):
    """This approval has already been decided."""


def decides_on(rights: Rights | None, approval: Approval, today: date) -> bool:
    """Whether somebody with these rights may answer this question today."""
    return (
        rights is not None
        and rights.structure_id == approval.structure_id
        and rights.user_id != approval.requester_id
        and rights.approves(today)
        and within(rights.units, approval.units)
    )


def within(limit: tuple[str, ...], units: tuple[str, ...]) -> bool:
    """Whether what is asked stays inside the units somebody is limited to; none is no limit."""
    return not limit or (bool(units) and set(units) <= set(limit))


def open_for(
    asked: RattachementRequested,
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
        kind="rattachement",
        subject_id=asked.request_id,
        requester_id=asked.user_id,
        structure_id=asked.structure_id,
        structure_identifier=asked.structure_identifier,
        structure_name=asked.structure_name,
        units=asked.units,
        valid_from=asked.valid_from,
        valid_until=asked.valid_until,
        comment=asked.comment,
        opened_at=asked.requested_at,
    )
    told = tell_opened(opened, approvers, now=now)
    if told.events:
        return told, Change(approvers)
    missing = ApproverMissing(
        approval_id=opened.id, structure_id=opened.structure_id, noticed_at=now
    )
    known = approvers or Approvers(id=asked.structure_id)
    awaited = replace(
        known, awaited_by=opened.id, wake_at=known.wake_at or _next_look(known.members, now)
    )
    return Change(opened, (missing,)), Change(awaited)


def tell_opened(
    current: Approval | None, approvers: Approvers | None, *, now: datetime
) -> Change[Approval]:
    """Tell of an approval as soon as somebody may decide on it, and only once."""
    if current is None or current.told:
        return Change(current)
    today = _day(now)
    deciding = [
        member
        for member in (approvers.members if approvers else ())
        if decides_on(member, current, today)
    ]
    if not deciding:
        return Change(current)
    deciding.sort(key=lambda member: (not _principal(member), member.user_id))
    return _told(
        current,
        principal=deciding[0].user_id if _principal(deciding[0]) else None,
        approvers=tuple(member.user_id for member in deciding),
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


def seat(
    rights: Rights | None, current: Approvers | None, *, structure_id: str, now: datetime
) -> Change[Approvers]:
    """Give somebody their place among those who decide, or take it away, as their rights say."""
    if rights is None:
        return Change(current)
    known = current or Approvers(id=structure_id)
    others = tuple(one for one in known.members if one.user_id != rights.user_id)
    decides = any(rights.approves(day) for day in (_day(now), *_beginnings((rights,), now)))
    members = (*others, rights) if decides else others
    members = tuple(sorted(members, key=lambda one: one.user_id))
    if members == known.members:
        return Change(current)
    # Whatever waits for somebody to decide is looked at again, at once.
    return Change(replace(known, members=members, wake_at=now if known.awaited_by else None))


def look(current: Approvers | None, now: datetime) -> Change[Approvers]:
    """Begin to look at what waits, for as long as somebody alive takes."""
    if current is None:
        return Change(None)
    return Change(replace(current, wake_at=now + LOOKING_LASTS))


def looked(
    begun: Approvers, current: Approvers | None, *, still_waiting: str | None, now: datetime
) -> Change[Approvers]:
    """End a look: what nobody may decide on yet waits until somebody's rights begin."""
    if current is None:
        return Change(None)
    if current.version != begun.version:
        return Change(replace(current, wake_at=now))
    next_look = _next_look(current.members, now) if still_waiting else None
    return Change(replace(current, awaited_by=still_waiting, wake_at=next_look))


def decide(
    current: Approval | None,
    approvers: Approvers | None,
    *,
    verdict: Verdict,
    reason: str,
    by: str,
    rights: Rights | None,
    now: datetime,
) -> Change[Approval]:
    """Answer the question: the one way in, whoever asks and however."""
    if current is None:
        raise NotFound
    if by == current.requester_id:
        raise NotYourOwn
    if rights is None or rights.user_id != by or not decides_on(rights, current, _day(now)):
        raise NotFound
    if verdict == "refused" and not reason:
        raise ReasonMissing(field="body/reason")
    if (current.state, current.decided_by) == (verdict, by):
        return Change(current)
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


def readable(approval: Approval | None, rights: Rights | None, *, by: str, today: date) -> Approval:
    """The approval, for its requester and for those who may decide; to all others there is none."""
    if approval is None or not (
        by == approval.requester_id or decides_on(rights, approval, today)
    ):
        raise NotFound
    return approval


def copy_name(event: PersonChanged, current: Person | None) -> Change[Person]:
    if current and current.heard >= event.version:
        return Change(current)
    name = f"{event.first_name} {event.last_name}".strip()
    return Change(Person(id=event.user_id, name=name, heard=event.version))


def _principal(member: Rights) -> bool:
    return member.role == "principal_manager"


def _day(now: datetime) -> date:
    return now.astimezone(PARIS).date()


def _beginnings(members: Iterable[Rights], now: datetime) -> list[date]:
    """The days to come on which something one of them holds begins."""
    starts = {
        one.valid_from for member in members for one in (member, *member.habilitations)
    }
    return sorted(day for day in starts if day and day > _day(now))


def _next_look(members: Iterable[Rights], now: datetime) -> datetime | None:
    day = next(iter(_beginnings(members, now)), None)
    return datetime.combine(day, time.min, tzinfo=PARIS) if day else None
