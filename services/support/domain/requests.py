"""
What the support desk may grant on a ticket, and others then do: their facts come back to it.

A reactivation long after (SUP-44), and a public structure (SUP-45).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from contracts.event import Event
from contracts.structures import IdentifierType, PublicStructureSettled
from contracts.support import PublicStructureAccepted, ReactivationAccepted
from contracts.users import ReactivationSettled
from kit.change import Change, Entity
from kit.problems import Conflict, Invalid, NotFound
from services.support.domain import acts
from services.support.domain.activity import Entry
from services.support.domain.acts import Doing
from services.support.domain.clocks import Timing
from services.support.domain.known import Somebody
from services.support.domain.promises import kept_up
from services.support.domain.reach import Reach, Standing, seen
from services.support.domain.table import TABLE, require
from services.support.domain.tickets import Ticket

Kind = Literal["reactivation", "public-structure"]
Status = Literal["asked", "accepted", "refused", "done", "failed", "withdrawn"]
Settled = ReactivationSettled | PublicStructureSettled
SOON: Final = timedelta(seconds=1)
AGAIN: Final = timedelta(seconds=5)
"""Until a structure that was created is looked at for its manager, and looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The public structure that is asked for."""

    identifier_type: IdentifierType
    identifier: str
    legal_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Entity):
    """What is asked for with a ticket, whose id it has."""

    kind: Kind
    status: Status = "asked"
    login: str = ""
    """Of the account that is to come back."""
    structure: Asked | None = None
    acceptance: int = 0
    """How often it was accepted: what failed may be accepted again."""
    decided_by: str = ""
    answer: str = ""
    """What the requester reads: why not, or what to know once it is done."""
    refusal: str = ""
    """The problem that others found with what was accepted last."""
    person_id: str = ""
    """Who asked; of a reactivation, once users has said whose account it is."""
    structure_id: str = ""
    """The structure, once it is created."""


class AlreadyDecided(Conflict):
    """This request has already been decided."""


class RequesterGone(Conflict):
    """Whoever asked for this has no account any more that could manage a structure or come back."""


class NoStructureAsked(Invalid):
    """A structure is corrected only where one is asked for and is to be."""


class NothingRequested(NotFound):
    """Nothing is requested with this ticket."""


def decide(
    request: Request | None,
    ticket: Ticket | None,
    entry: Entry | None,
    requester: Somebody | None,
    *,
    accepted: bool,
    answer: str,
    structure: Asked | None,
    timing: Timing,
    by: Doing,
) -> tuple[Change[Request], Change[Ticket], Change[Entry], Change[Somebody]]:
    """
    Accept or refuse it, as the one who has taken its ticket; ``structure``: as corrected.

    What was refused may be decided anew once its ticket is open again.
    """
    same = Change(requester)
    if request is None:
        raise NothingRequested
    current, found = seen(ticket, by.reach)
    reopened = request.status == "refused" and current.state == "open"
    if not reopened and _same(request, accepted, answer, structure, by.reach.user_id):
        return Change(request), Change(current), Change(entry), same
    require("answer", current, found)
    if structure and (request.kind != "public-structure" or not accepted):
        raise NoStructureAsked(field="body/structure")
    if request.status not in ("asked", "failed") and not reopened:
        raise AlreadyDecided(status=request.status)
    left = requester is not None and not requester.active
    if accepted and (left if request.kind == "public-structure" else not request.login):
        raise RequesterGone
    decided = replace(
        request,
        status="accepted" if accepted else "refused",
        structure=structure or request.structure,
        decided_by=by.reach.user_id,
        answer=answer,
        refusal="",
    )
    if not accepted:
        refused = acts.write("answer", current, entry, text=answer, by=by)
        return Change(decided), *kept_up(current, refused, timing, now=by.now), same
    agreed = replace(decided, acceptance=request.acceptance + 1, structure_id="")
    granted = acts.entered("request-accepted", current, "desk", by)
    noted = Change(replace(current, entries=granted.rank)), Change(granted)
    return Change(agreed, (_told(agreed, current, by.now),)), *noted, same


def settle(
    told: Settled,
    request: Request | None,
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    timing: Timing,
) -> tuple[Change[Request], Change[Ticket], Change[Entry]]:
    """
    What became of what was accepted; told twice, or of an older acceptance, it says nothing.

    A structure that is there is not all that was asked for: it waits for its manager.
    """
    same = Change(request), Change(ticket), Change(entry)
    if request is None or ticket is None or entry is not None:
        return same
    if (request.status, request.acceptance) != ("accepted", told.acceptance):
        return same
    if isinstance(told, ReactivationSettled):
        settled = replace(request, person_id=told.user_id)
    elif told.refusal:
        settled = request
    else:
        wake_at = told.settled_at + SOON
        founded = replace(request, structure_id=told.structure_id, wake_at=wake_at)
        return Change(request if request.structure_id else founded), same[1], same[2]
    return _ended(settled, ticket, told.refusal, timing=timing, at=told.settled_at)


def claim(current: Request | None, now: datetime) -> Change[Request]:
    """Look whether its structure has a manager, and again soon after."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + AGAIN))


def conclude(
    request: Request | None,
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    claimed: Request,
    managed: bool,
    gone: bool,
    timing: Timing,
    now: datetime,
) -> tuple[Change[Request], Change[Ticket], Change[Entry]]:
    """
    A structure that was created is managed, or its requester has left in the meantime.

    ``gone``: their account is not active. Whoever manages a structure cannot deactivate it, so
    that nobody will be its manager.
    """
    stands = request == claimed and claimed.status == "accepted" and claimed.structure_id != ""
    if request is None or ticket is None or not (stands and (managed or gone)):
        return Change(request), Change(ticket), Change(entry)
    refusal = "" if managed else RequesterGone.type()
    return _ended(replace(request, wake_at=None), ticket, refusal, timing=timing, at=now)


def _ended(
    request: Request, ticket: Ticket, refusal: str, *, timing: Timing, at: datetime
) -> tuple[Change[Request], Change[Ticket], Change[Entry]]:
    """
    Once it is done the ticket is answered, with what the desk had to say; else the desk is told.

    A ticket that the desk could not answer now, since it has moved on, stays as it is, and its
    emitter is told as well.
    """
    status: Status = "failed" if refusal else "done"
    settled = Change(replace(request, status=status, refusal=refusal))
    desk = Reach(user_id=request.decided_by, desk=True)
    entry_id = settlement_id(request.id, request.acceptance)
    by = Doing(entry_id=entry_id, reach=desk, now=at)
    if refusal:
        failed = acts.entered("request-failed", ticket, "desk", by, became=refusal)
        return settled, *acts.noted(failed, ticket)
    answers = TABLE["answer"].becomes
    if ticket.state not in answers or ticket.treated_by != "desk":
        late = acts.entered("request-done", ticket, "desk", by, text=request.answer)
        return settled, *acts.noted(late, ticket)
    _, found = seen(ticket, desk)
    resolved = replace(ticket, state=answers[ticket.state])
    answered = acts.done("answer", resolved, found, by, text=request.answer)
    return settled, *kept_up(ticket, answered, timing, now=at)


def shown(request: Request, ticket: Ticket) -> Status:
    """What has become of it: nobody decides any more once its ticket is closed."""
    undecided = request.status in ("asked", "failed")
    return "withdrawn" if undecided and ticket.state == "closed" else request.status


def refusal_shown(request: Request, found: Standing) -> str:
    """The problem that others found is for the desk, which finds the words for who asked."""
    return request.refusal if "desk" in found.reads and "emitter" not in found.reads else ""


def shown_to_requester(request: Request) -> Request:
    """Without what is for the desk: the problem, and words that were not sent."""
    sent = request.status in ("refused", "done")
    return replace(request, refusal="", answer=request.answer if sent else "")


def settlement_id(ticket_id: str, acceptance: int) -> str:
    """Of the entry that says what became of one acceptance."""
    return f"{ticket_id}:{acceptance}"


def without_words(request: Request) -> Change[Request]:
    """That something was asked for, and what became of it; not by whom, nor what was said."""
    return Change(replace(request, login="", answer=""))


def _told(request: Request, ticket: Ticket, now: datetime) -> Event:
    if request.kind == "reactivation" or request.structure is None:
        return ReactivationAccepted(
            ticket_id=request.id,
            acceptance=request.acceptance,
            login=request.login,
            reason=request.answer,
            accepted_by=request.decided_by,
            accepted_at=now,
        )
    return PublicStructureAccepted(
        ticket_id=request.id,
        acceptance=request.acceptance,
        identifier_type=request.structure.identifier_type,
        identifier=request.structure.identifier,
        legal_name=request.structure.legal_name,
        requester_id=ticket.emitter_id,
        accepted_by=request.decided_by,
        accepted_at=now,
    )


def _same(request: Request, accepted: bool, answer: str, structure: Asked | None, by: str) -> bool:
    """Whether the same person has decided the same already."""
    decided = request.status in (("accepted", "done") if accepted else ("refused",))
    said = request.answer == answer and structure in (None, request.structure)
    return decided and said and request.decided_by == by
