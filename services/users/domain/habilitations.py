"""What becomes of a change of what a user may do in a structure, now and as time passes. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from contracts.users import Habilitation
from kit.change import Change
from kit.days import day_of
from kit.entitled import gives_all_of
from kit.problems import Conflict, NotFound
from services.users.domain.delegation import administrator, principal_manager
from services.users.domain.drafts import (
    MANAGES,
    Held,
    Operation,
    Place,
    drafted,
    ended,
    held,
    named_rows,
    row_of,
    without,
)
from services.users.domain.habilitation_history import Cause, Entry
from services.users.domain.held import Waiting
from services.users.domain.rattachements import (
    MOST,
    Rattachement,
    TooManyRights,
    rights_of,
    too_many,
)

Changes = tuple[Change[Rattachement], Change[Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """Who submits a change, when, and how long what it gives waits before it is in force."""

    id: str
    by: str
    at: datetime
    waits: timedelta = timedelta()

    @property
    def today(self) -> date:
        return day_of(self.at)


class PrincipalManagerApproves(Conflict):
    """A principal manager always decides on approvals."""


def submit(
    tie: Rattachement | None,
    entry: Entry | None,
    actor: Rattachement | None,
    place: Place,
    *,
    operations: tuple[Operation, ...],
    submitted: Submitted,
) -> Changes:
    """Apply a whole draft or nothing. ``actor`` is the acting user's own rattachement."""
    today = submitted.today
    administering = administrator(actor, today)
    if tie is None or not administering.meets(tie):
        raise NotFound
    if entry:
        return Change(tie), Change(entry)
    # First: what is refused of rows elsewhere must not tell whether they are held.
    administering.refuse_elsewhere(tie, (one.unit for one in named_rows(operations)))
    reaches = administering.reaches
    before, after = held(tie, today), drafted(tie, operations, place, today, reaches=reaches)
    given = without(after, before)
    administering.refuse_beyond(tie, given, without(before, after))
    if given and too_many(tie.lines, after):
        raise TooManyRights(most=MOST, field="body/operations")
    return applied(
        tie, after, cause="own" if tie.user_id == submitted.by else "managed", submitted=submitted
    )


def applied(tie: Rattachement, after: Held, *, cause: Cause, submitted: Submitted) -> Changes:
    """Keep what a user holds in the end: less at once, more after as long as the submit says."""
    today = submitted.today
    before = held(tie, today)
    given, taken = without(after, before), without(before, after)
    if not given and not taken:
        return Change(tie), Change(None)
    in_force = tuple(one for one in tie.habilitations if not ended(one, today))
    # What only narrows what is in force gives nothing: to wait would take it away meanwhile.
    at_once = tuple(
        one
        for one in given
        if not submitted.waits or any(gives_all_of(had, one, today) for had in in_force)
    )
    effective_at = submitted.at + submitted.waits
    later = tuple(
        Waiting(habilitation=one, effective_at=effective_at) for one in without(given, at_once)
    )
    kept = {*after}
    waiting = (*(one for one in tie.waiting if one.habilitation in kept), *later)
    stays = [one for one in in_force if one in kept or _is_widened(one, waiting, today)]
    changed = replace(tie, habilitations=tuple(dict.fromkeys((*stays, *at_once))), waiting=waiting)
    noted = _entry(
        tie,
        submitted,
        cause=cause,
        given=given,
        taken=taken,
        effective_at=effective_at if later else None,
    )
    return _told(tie, changed), Change(noted)


def turn(tie: Rattachement | None, entry: Entry | None, *, id: str, now: datetime) -> Changes:
    """Put in force what has waited long enough, and drop what has ended."""
    if tie is None or entry:
        return Change(tie), Change(entry)
    today = day_of(now)
    due = tuple(
        one.habilitation
        for one in tie.waiting
        if one.effective_at <= now and not _of_principal(tie, one.habilitation)
    )
    replaced = {row_of(one) for one in due}
    stays = (one for one in tie.habilitations if row_of(one) not in replaced)
    turned = replace(
        tie,
        habilitations=tuple(one for one in (*stays, *due) if not ended(one, today)),
        waiting=tuple(one for one in tie.waiting if one.effective_at > now),
    )
    given = without(turned.habilitations, tie.habilitations)
    taken = without(tie.habilitations, turned.habilitations)
    if not given and not taken:
        return _told(tie, turned), Change(None)
    noted = Entry(
        id=id,
        structure_id=tie.structure_id,
        user_id=tie.user_id,
        cause="in-force" if given else "ended",
        by=None,
        at=now,
        given=given,
        taken=taken,
    )
    return _told(tie, turned), Change(noted)


def _of_principal(tie: Rattachement, one: Habilitation) -> bool:
    """Whether it would replace what a principal manager keeps: he has become one since."""
    return tie.role == "principal_manager" and row_of(one) == row_of(MANAGES)


def let_approve(
    tie: Rattachement | None,
    entry: Entry | None,
    actor: Rattachement | None,
    *,
    may_approve: bool,
    submitted: Submitted,
) -> Changes:
    """Give or withdraw a user's right to decide on approvals: the principal manager's to do."""
    administering = principal_manager(actor, submitted.today)
    if tie is None or not administering.meets(tie):
        raise NotFound
    if tie.role == "principal_manager":
        raise PrincipalManagerApproves
    if tie.may_approve == may_approve:
        return Change(tie), Change(entry)
    noted = _entry(tie, submitted, cause="approving", may_approve=may_approve)
    return _told(tie, replace(tie, may_approve=may_approve)), Change(noted)


def _told(before: Rattachement, after: Rattachement) -> Change[Rattachement]:
    same = rights_of(after) == rights_of(before)
    return Change(after, () if same else (rights_of(after),))


def _entry(tie: Rattachement, submitted: Submitted, *, cause: Cause, **what: Any) -> Entry:
    return Entry(
        id=submitted.id,
        structure_id=tie.structure_id,
        user_id=tie.user_id,
        cause=cause,
        by=submitted.by,
        at=submitted.at,
        **what,
    )


def _is_widened(had: Habilitation, waiting: tuple[Waiting, ...], today: date) -> bool:
    """Whether the same row with more of it waits: until then this one stays."""
    return any(
        row_of(one.habilitation) == row_of(had) and gives_all_of(one.habilitation, had, today)
        for one in waiting
    )
