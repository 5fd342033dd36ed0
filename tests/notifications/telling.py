"""What others tell notifications, as of this moment, and what comes of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.approvals import ApprovalOpened
from contracts.support import TicketOpened
from contracts.users import (
    Line,
    LinkRequested,
    PersonChanged,
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RegistrationRepeated,
    RightsChanged,
    VacancyNoticeGiven,
)
from kit.change import Change
from kit.clock import now, today
from tests.approvals.stage import soon
from tests.notifications.conftest import World


def somebody(user: str = "u-lea", **but: Any) -> PersonChanged:
    return PersonChanged(
        **{
            "user_id": user,
            "first_name": user.removeprefix("u-").title(),
            "last_name": "Martin",
            "email": f"{user.removeprefix('u-')}@example.org",
            "active": True,
            "version": 1,
        }
        | but
    )


def a_refusal(id: str = "r-1", **but: Any) -> RattachementRefused:
    return RattachementRefused(
        **{
            "request_id": id,
            "user_id": "u-lea",
            "structure_id": "s-9",
            "structure_name": "Menuiserie Petit",
            "reason": "Inconnue ici",
            "refused_at": now(),
        }
        | but
    )


def a_link(**but: Any) -> LinkRequested:
    return LinkRequested(
        **{
            "user_id": "u-lea",
            "purpose": "activation",
            "nonce": "n-1",
            "expires_at": now() + timedelta(hours=1),
        }
        | but
    )


OPENED = ApprovalOpened(
    approval_id="r-1",
    kind="rattachement",
    subject_id="r-1",
    structure_id="s-9",
    structure_name="Menuiserie Petit",
    requester_id="u-lea",
    principal_manager_id="u-omar",
    approver_ids=("u-omar", "u-ada"),
    opened_at=now(),
)


def deciding(user: str, structure: str = "s-9", **but: Any) -> RightsChanged:
    """That somebody manages a structure, and may answer what is asked of it."""
    said = {
        "rattachement_id": f"{user}:{structure}",
        "user_id": user,
        "structure_id": structure,
        "role": "principal_manager",
        "lines": (Line(valid_from=today()),),
        "version": 1,
    }
    return RightsChanged(**said | but)


GRANTED = RattachementGranted(
    request_id="r-2",
    user_id="u-lea",
    structure_id="s-9",
    structure_name="Menuiserie Petit",
    valid_from=today(),
    granted_at=now(),
)
NOT_APPLIED = RattachementNotApplied(
    request_id="r-3",
    user_id="u-lea",
    structure_id="s-9",
    structure_name=None,
    reason="La structure n'est plus active.",
    decided_at=now(),
)
NOTICE = VacancyNoticeGiven(
    claim_id="c-1",
    structure_id="s-9",
    structure_name="Menuiserie Petit",
    claimant_id="u-omar",
    manager_id="u-lea",
    notice_until=now() + timedelta(days=15),
    given_at=now(),
)
REPEATED = RegistrationRepeated(user_id="u-lea", registration_id="g-1", repeated_at=now())
TICKET = TicketOpened(
    ticket_id="t-1",
    number="CPROCS0000001",
    emitter_id="u-lea",
    structure_id=None,
    category="c",
    subcategory="s",
    opened_at=now(),
)


async def letter(world: World, status: str | None = None, **where: Any) -> dict[str, Any]:
    """The only letter, once it has this status."""

    async def found() -> Any:
        kept = await world.stage.service.mongo["letters"].find(where).to_list(None)
        assert len(kept) <= 1
        return kept and (status is None or kept[0]["status"] == status) and kept[0]

    return dict(await soon(found))


def collection(world: World, name: str) -> Any:
    return next(one for one in world.stage.service.collections if one.name == name)


async def forced(world: World) -> None:
    """As if the time to try again had come."""
    letters = collection(world, "letters")
    for one in await letters.select({"status": "waiting"}):
        # By a decision: whoever waits for what is due hears of it at once.
        await letters.change(one.id, lambda current: Change(replace(current, wake_at=now())))
