"""What letters to others still say of somebody who was erased."""

from datetime import timedelta
from typing import Any, Final

import pytest

from contracts.approvals import InformationGiven, InformationRequested
from contracts.event import Event
from contracts.support import CorrespondentAnswered
from contracts.users import (
    LinkRequestedV2,
    PersonErased,
    RattachementRemoved,
    VacancyClaimSettled,
)
from kit.change import Change
from kit.clock import now
from services.notifications.domain.letters import forget_other
from tests.approvals.stage import soon
from tests.notifications.builders import a_letter
from tests.notifications.conftest import World
from tests.notifications.telling import letter, somebody
from tests.notifications.test_gathering import kept

WORDS = "Ma fille est malade"
PLACE: Final[dict[str, Any]] = {"structure_id": "s-9", "structure_name": "Menuiserie Petit"}
OF_QUESTION: Final[dict[str, Any]] = PLACE | {
    "comment_id": "c-1",
    "approval_id": "r-1",
    "number": "RITM0000001",
    "title": "Rattachement",
    "text": WORDS,
}


def test_who_is_named_is_forgotten_and_the_letter_stays_as_it_was():
    told = a_letter(template="information-given", about_id="u-omar", reason=WORDS)

    left = forget_other(told).state

    assert left == a_letter(template="information-given", about_id=None, reason="")
    assert forget_other(left) == Change(left)


def by_omar() -> list[Event]:
    """All that brings words of somebody to another."""
    return [
        InformationGiven(**OF_QUESTION, requester_id="u-omar", asked_by="u-lea", given_at=now()),
        InformationRequested(
            **OF_QUESTION, requester_id="u-lea", asked_by="u-omar", asked_at=now()
        ),
        RattachementRemoved(
            **PLACE,
            rattachement_id="u-lea:s-9",
            user_id="u-lea",
            comment=WORDS,
            removed_by="u-omar",
            removed_at=now(),
        ),
        VacancyClaimSettled(
            **PLACE,
            claim_id="c-1",
            claimant_id="u-lea",
            former_manager_id=None,
            outcome="rejected",
            reason=WORDS,
            decided_by="u-omar",
            settled_at=now(),
        ),
        LinkRequestedV2(
            user_id="u-lea",
            purpose="reactivation",
            nonce="n-1",
            expires_at=now() + timedelta(hours=1),
            reason=WORDS,
            sent_by="u-omar",
        ),
        CorrespondentAnswered(
            ticket_id="t-1",
            number="CPROCS0000001",
            rank=3,
            email="zoe@example.org",
            text=WORDS,
            answered_by="u-omar",
            answered_at=now(),
        ),
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("told", by_omar(), ids=lambda one: type(one).__name__)
async def test_nothing_that_they_wrote_stays_in_a_letter_to_another(world: World, told: Event):
    await world.stage.hear(somebody(), somebody("u-omar"), told)
    before = await letter(world, "sent")

    await world.stage.hear(PersonErased(user_id="u-omar", erased_at=now()))

    async def forgotten() -> Any:
        [one] = await kept(world)
        return not one["about_id"] and WORDS not in str(one) and one

    after = await soon(forgotten)
    assert WORDS in str(before)
    assert (after["recipient_id"], after["forgotten"]) == (before["recipient_id"], False)
    assert (after["status"], after["sent_at"]) == ("sent", before["sent_at"])
