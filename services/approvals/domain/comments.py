"""What is written to and fro about a question, dated and signed (APP-12)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from contracts.approvals import InformationGiven, InformationRequested
from contracts.event import Event
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden
from services.approvals.domain.approvals import Approval, still_open
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.deciding import readable

MOST: Final = 100
"""Of one approval."""


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
    now: datetime,
) -> tuple[Change[Approval], Change[Comment], Change[Approvers]]:
    """Write about a question that waits; what the requester writes answers who asked for more."""
    about = readable(approval, approvers, by=by, now=now)
    if current:
        return Change(about), Change(current), Change(approvers)
    if asks and by == about.requester_id:
        raise NothingToAsk
    still_open(about)
    if about.comments >= MOST:
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
    told, asked_by = _told(about, written), about.asked_by
    if asks or told:
        asked_by = by if asks else None
    counted = replace(about, comments=about.comments + 1, asked_by=asked_by)
    return Change(counted), Change(written, told), Change(approvers)


def _told(about: Approval, written: Comment) -> tuple[Event, ...]:
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
        return (InformationRequested(**said, asked_at=written.at),)
    if written.by != about.requester_id or about.asked_by is None:
        return ()
    return (InformationGiven(**said, asked_by=about.asked_by, given_at=written.at),)


def without_text(comment: Comment) -> Change[Comment]:
    """That somebody wrote, and when; not what."""
    return Change(replace(comment, text=""))
