"""A question put to those who decide for a structure, and its answer."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from contracts.approvals import Kind
from contracts.users import Habilitation
from kit.change import Change, Entity
from kit.problems import Conflict

FIRST_KINDS: Final = frozenset(get_args(Kind))
"""Told by the first version of each event; all others by the second."""

State = Literal["requested", "approved", "refused", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Entity):
    """One question put to those who decide for a structure, and their answer."""

    number: str = ""
    """What people call it by."""
    kind: str
    subject_id: str
    title: str = ""
    """What is asked for, in French, as lists have it."""
    changes: tuple[str, ...] = ()
    """What would change, where that is no rattachement and no habilitation."""
    named: str = ""
    """The line of it that names somebody."""
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
    list_id: str | None = None
    """The list it is a line of, if an espace was opened."""
    comment: str = ""
    comments: int = 0
    """How many were written since it was opened."""
    requester_comments: int = 0
    """How many of them by the requester."""
    asked_by: str | None = None
    """Who has asked the requester for more, and waits for an answer."""
    asked_at: datetime | None = None
    """Since when it is for the requester to say more."""
    state: State = "requested"
    opened_at: datetime
    told: bool = False
    """Whether anybody has been told that it is open: not before somebody may decide."""
    tellings: int = 0
    """How often it was told, each time to others or after nobody could decide."""
    put_to: tuple[str, ...] = ()
    """To whom it was put last; once none of them may decide any more, whoever may is told anew."""
    told_to: tuple[str, ...] = ()
    """As kept before that: all who could decide then, the principal manager first."""
    waits_since: datetime | None = None
    """Since when somebody may decide or, until then, since it was put."""
    rung: int = 0
    """The business days of waiting whose step was taken last."""
    stood_still: int = 0
    """The business days that do not count for the steps: the requester was asked for more."""
    reminded: bool = False
    """Whether those who decide were reminded since they, or the requester, were asked last."""
    escalated: bool = False
    """Whether all are asked who may decide, and not the principal manager alone."""
    expires_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""


class AlreadyDecided(Conflict):
    """This approval has already been decided."""


class AlreadyWithdrawn(Conflict):
    """Whoever asked for this has withdrawn it."""


class AlreadyExpired(Conflict):
    """Nobody has answered this in time: it can be asked for again."""


def still_open(current: Approval) -> None:
    """Raise the refusal that says how it has ended."""
    if current.state == "withdrawn":
        raise AlreadyWithdrawn
    if current.state == "expired":
        raise AlreadyExpired
    if current.state != "requested":
        raise AlreadyDecided(verdict=current.state)


def told_already(approval: Approval) -> frozenset[str]:
    """To whom it was put last; of those kept before, the first may have been the only one told."""
    before = approval.told_to if approval.escalated else approval.told_to[:1]
    return frozenset(approval.put_to or before)


def about(approval: Approval) -> dict[str, Any]:
    """What every event of its end says."""
    return {
        "approval_id": approval.id,
        "kind": approval.kind,
        "subject_id": approval.subject_id,
        "structure_id": approval.structure_id,
        "requester_id": approval.requester_id,
    }


def called(approval: Approval) -> dict[str, Any]:
    """What its requester knows it by: of their end, letters to them say it."""
    return {
        "number": approval.number,
        "title": approval.title,
        "structure_name": approval.structure_name,
    }


def over(approval: Approval, state: State, *, at: datetime) -> Approval:
    """Told or not, nobody needs to hear any more that it was open."""
    return replace(
        approval,
        told=True,
        state=state,
        decided_at=at,
        asked_by=None,
        asked_at=None,
        wake_at=None,
    )


def without_words(approval: Approval) -> Change[Approval]:
    """Who asked for what, and what was decided; not what was written to and fro."""
    return Change(replace(approval, named="", comment="", reason=""))


def without_reason(approval: Approval) -> Change[Approval]:
    """What was decided; not the words of whoever decided."""
    return Change(replace(approval, reason=""))
