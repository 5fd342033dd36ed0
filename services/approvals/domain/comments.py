"""What is written to and fro about a question, dated and signed (APP-12)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from contracts.approvals import InformationGiven, InformationRequested
from contracts.event import Event
from kit.change import Change, Entity
from kit.days import day_of
from kit.problems import Conflict, Forbidden
from services.approvals.domain.approvals import Approval, still_open
from services.approvals.domain.approvers import Approvers, Seat, asked_first, who_decides
from services.approvals.domain.deciding import readable
from services.approvals.domain.ladder import Ladder, ask_back, go_on

MOST_EACH: Final = 50
"""Of one approval, by its requester; and as many by those who decide, who thus always have room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Entity):
    """What its requester, or somebody who may decide, has written about an approval."""

    approval_id: str
    requester_id: str
    by: str
    at: datetime
    text: str
    asks: bool = False
    """Whether the requester is asked for more before anybody decides."""


class NothingToAsk(Forbidden):
    """Whoever asked for this cannot ask themselves for more."""


class TooManyComments(Conflict):
    """There are too many comments on this approval for another one."""


def comment(
    approval: Approval | None,
    current: Comment | None,
    approvers: Approvers | None,
    *,
    id: str,
    text: str,
    asks: bool,
    by: str,
    ladder: Ladder,
    now: datetime,
) -> tuple[Change[Approval], Change[Comment], Change[Approvers]]:
    """Write about a question that waits; what the requester writes answers who asked for more."""
    about = readable(approval, approvers, by=by, now=now)
    if current:
        return Change(about), Change(current), Change(approvers)
    if asks and by == about.requester_id:
        raise NothingToAsk
    still_open(about)
    hers = by == about.requester_id
    theirs = about.comments - about.requester_comments
    if (about.requester_comments if hers else theirs) >= MOST_EACH:
        raise TooManyComments
    written = Comment(
        id=id,
        approval_id=about.id,
        requester_id=about.requester_id,
        by=by,
        at=now,
        text=text,
        asks=asks,
    )
    deciding = who_decides(about, approvers, on=day_of(now))
    told = _told(about, written, deciding)
    return Change(_counted(about, written, ladder)), Change(written, told), Change(approvers)


def _counted(about: Approval, written: Comment, ladder: Ladder) -> Approval:
    hers = written.by == about.requester_id
    counted = replace(
        about,
        comments=about.comments + 1,
        requester_comments=about.requester_comments + hers,
    )
    if written.asks:
        return ask_back(counted, ladder, by=written.by, now=written.at)
    return go_on(counted, ladder, now=written.at) if hers and about.asked_by else counted


def _told(about: Approval, written: Comment, deciding: tuple[Seat, ...]) -> tuple[Event, ...]:
    said: dict[str, Any] = {
        "comment_id": written.id,
        "approval_id": about.id,
        "number": about.number,
        "title": about.title,
        "structure_id": about.structure_id,
        "structure_name": about.structure_name,
        "requester_id": about.requester_id,
        "text": written.text,
    }
    if written.asks:
        return (InformationRequested(**said, asked_at=written.at, asked_by=written.by),)
    asked_by = about.asked_by
    if written.by != about.requester_id or asked_by is None:
        return ()
    waiting = any(seat.user_id == asked_by for seat in deciding)
    ids = (asked_by,) if waiting else asked_first(deciding)
    given = InformationGiven(
        **said, asked_by=asked_by, approver_ids=ids, given_at=written.at, units=about.units
    )
    return (given,) if ids else ()  # Whom it is put to next reads it there.


def without_text(comment: Comment) -> Change[Comment]:
    """That somebody wrote, and when; not what."""
    return Change(replace(comment, text=""))
