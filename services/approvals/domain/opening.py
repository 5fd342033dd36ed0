"""Opening a question, and telling those who may decide on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from contracts.approvals import ApprovalOpened, ApprovalOpenedV2
from contracts.event import Event
from contracts.question import Question
from contracts.structures import QuestionAsked, QuestionAskedV2
from contracts.users import HabilitationsRequested, RattachementRequested
from kit.change import Change
from kit.days import day_of
from services.approvals.domain.approvals import FIRST_KINDS, Approval, told_already
from services.approvals.domain.approvers import (
    Approvers,
    Seat,
    asked_first,
    awaited,
    who_decides,
)
from services.approvals.domain.ladder import Ladder, begin, blocked, missing
from services.approvals.domain.numbers import Numbers, give
from services.approvals.domain.people import Person
from services.approvals.domain.withdrawing import withdraw_of_who_left

SUBSCRIPTION: Final = "Demande d’abonnement à un espace"


def of_rattachement(asked: RattachementRequested) -> Approval:
    where = "à un service" if len(asked.units) == 1 else "à des services"
    return Approval(
        id=asked.request_id,
        kind="rattachement",
        subject_id=asked.request_id,
        title=f"Demande de rattachement {where if asked.units else 'à la structure'}",
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


def of_habilitations(asked: HabilitationsRequested) -> Approval:
    change = "Demande d’ajout ou de suppression d’un profil"
    return Approval(
        id=asked.request_id,
        kind="habilitation",
        subject_id=asked.request_id,
        title=SUBSCRIPTION if asked.list_id else change,
        requester_id=asked.user_id,
        structure_id=asked.structure_id,
        structure_identifier=asked.structure_identifier,
        structure_name=asked.structure_name,
        units=asked.units,
        given=asked.given,
        taken=asked.taken,
        list_id=asked.list_id,
        comment=asked.comment,
        opened_at=asked.requested_at,
    )


def of_question(asked: Question) -> Approval:
    return Approval(
        id=asked.question_id,
        kind=asked.kind,
        subject_id=asked.subject_id,
        title=asked.title,
        changes=asked.changes,
        named=asked.named,
        requester_id=asked.requester_id,
        structure_id=asked.structure_id,
        structure_identifier=asked.structure_identifier,
        structure_name=asked.structure_name,
        units=asked.units,
        comment=asked.comment,
        opened_at=asked.asked_at,
    )


ASKED_BY: Final[dict[type[Event], Callable[..., Approval]]] = {
    RattachementRequested: of_rattachement,
    HabilitationsRequested: of_habilitations,
    QuestionAsked: of_question,
    QuestionAskedV2: of_question,
}
"""By which events services ask; each has its line here."""


def open_for(
    asked: Approval,
    current: Approval | None,
    approvers: Approvers | None,
    numbers: Numbers | None,
    requester: Person | None,
    *,
    sequence: int,
    ladder: Ladder,
    now: datetime,
) -> tuple[Change[Approval], Change[Approvers], Change[Numbers], Change[Person]]:
    """
    Put the question; while nobody may answer it waits, and is never approved by itself.

    One that is heard only once its requester has left is taken back, as all the others were.
    """
    person = Change(requester)
    if current:
        return Change(current), Change(approvers), Change(numbers), person
    number, given = give(sequence, numbers)
    asks = replace(asked, number=number)
    taken_back = withdraw_of_who_left(asks, requester, now=now)
    if taken_back.events:
        return taken_back, Change(approvers), given, person
    told = tell_opened(asks, approvers, ladder=ladder, now=now)
    if told.events:
        return told, Change(approvers), given, person
    waits = Change(begin(asks, ladder, now=now), (missing(asks, now=now),))
    return waits, Change(awaited(approvers, asks, now=now)), given, person


def tell_opened(
    current: Approval | None, approvers: Approvers | None, *, ladder: Ladder, now: datetime
) -> Change[Approval]:
    """
    Tell of an approval as soon as somebody may decide on it, and not again while one of those may
    to whom it was put: the principal manager alone, where there is one.

    Once none of them may, those who may then are told; or, if there are none, that it waits.
    Whoever has asked the requester for more knows of it too, and goes on waiting for an answer.
    """
    if current is None or current.state != "requested":
        return Change(current)
    deciding = who_decides(current, approvers, on=day_of(now))
    told = told_already(current)
    knowing = told | {current.asked_by}
    if current.told and (not told or any(seat.user_id in knowing for seat in deciding)):
        return Change(current)
    if deciding:
        # Those it is put to anew have not asked for anything yet.
        anew = replace(told_again(current), told_to=(), asked_by=None, asked_at=None)
        put = begin(replace(anew, put_to=asked_first(deciding)), ladder, now=now)
        return Change(put, (opened(put, deciding, now=now),))
    if not current.told:
        return Change(current)
    return blocked(current, now=now)


def told_again(approval: Approval) -> Approval:
    return replace(approval, told=True, tellings=approval.tellings + 1)


def opened(approval: Approval, deciding: tuple[Seat, ...], *, now: datetime) -> Event:
    principal = next((seat.user_id for seat in deciding if seat.principal), None)
    said: dict[str, Any] = {
        "approval_id": approval.id,
        "kind": approval.kind,
        "subject_id": approval.subject_id,
        "structure_id": approval.structure_id,
        "structure_name": approval.structure_name,
        "requester_id": approval.requester_id,
        "principal_manager_id": principal,
        "approver_ids": tuple(seat.user_id for seat in deciding),
        "opened_at": approval.opened_at,
        "list_id": approval.list_id,
        "number": approval.number,
        "title": approval.title,
        "expires_at": approval.expires_at,
        "told_at": now,
        "telling": approval.tellings,
        "units": approval.units,
    }
    if approval.kind in FIRST_KINDS:
        return ApprovalOpened(**said)
    return ApprovalOpenedV2(**said)
