"""What the tests of approvals are made of."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from contracts.structures import QuestionAskedV2
from contracts.users import Habilitation, HabilitationsRequested, RattachementRequested
from kit.change import Change
from kit.rights import Rights
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, Seat
from services.approvals.domain.ladder import Ladder
from services.approvals.seats import seat_of

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TODAY = date(2026, 1, 5)
LADDER = Ladder(reminders=(3, 10), escalation=5, expiry=20)
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


def types(change: Change[Any]) -> list[type]:
    return [type(event) for event in change.events]


def an_approval(**but: Any) -> Approval:
    return Approval(
        **{
            "id": "r-1",
            "kind": "rattachement",
            "subject_id": "r-1",
            "requester_id": "u-lea",
            "structure_id": "s-9",
            "structure_identifier": "73282932000074",
            "structure_name": "Menuiserie Petit",
            "valid_from": TODAY,
            "opened_at": NOW,
            "title": "Demande de rattachement à la structure",
            "told": True,
        }
        | but
    )


def a_request(**but: Any) -> RattachementRequested:
    return RattachementRequested(
        **{
            "request_id": "r-1",
            "user_id": "u-lea",
            "structure_id": "s-9",
            "structure_identifier": "73282932000074",
            "structure_name": "Menuiserie Petit",
            "valid_from": TODAY,
            "requested_at": NOW,
        }
        | but
    )


def a_habilitations_request(**but: Any) -> HabilitationsRequested:
    """Léa asks to write invoices, and to read engagements no more."""
    writes = Habilitation(application="factures-emises", level="modification")
    reads = Habilitation(application="engagements", level="consultation")
    return HabilitationsRequested(
        **{
            "request_id": "r-1",
            "user_id": "u-lea",
            "structure_id": "s-9",
            "structure_identifier": "73282932000074",
            "structure_name": "Menuiserie Petit",
            "given": (writes,),
            "taken": (reads,),
            "requested_at": NOW,
        }
        | but
    )


def a_mandate_question(**but: Any) -> QuestionAskedV2:
    return QuestionAskedV2(
        **{
            "question_id": "m-1",
            "kind": "mandate",
            "subject_id": "m-1",
            "title": "Souscrire un mandat de facturation",
            "changes": ("À partir du 05/01/2026",),
            "named": "Mandataire : Compta & Cie",
            "requester_id": "u-lea",
            "structure_id": "s-9",
            "structure_identifier": "73282932000074",
            "structure_name": "Menuiserie Petit",
            "asked_at": NOW,
        }
        | but
    )


def some_rights(**but: Any) -> Rights:
    """The principal manager's, unless said otherwise."""
    held = {"user_id": "u-omar", "structure_id": "s-9", "role": "principal_manager"} | but
    return Rights(**{"id": f"{held['user_id']}:{held['structure_id']}"} | held)


def a_delegate(**but: Any) -> Rights:
    """The rights of somebody to whom the principal manager has delegated."""
    modifies = Habilitation(application="organisation", level="modification")
    return some_rights(**{"user_id": "u-ada", "role": "user", "habilitations": (modifies,)} | but)


def a_seat(**but: Any) -> Seat:
    return seat_of(some_rights(**but))


def a_delegate_s_seat(**but: Any) -> Seat:
    return seat_of(a_delegate(**but))


def some_approvers(*seats: Seat, **but: Any) -> Approvers:
    return Approvers(**{"id": "s-9", "seats": seats} | but)
