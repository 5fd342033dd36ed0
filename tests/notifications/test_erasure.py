"""What letters to others still say of somebody who was erased."""

from typing import Any

import pytest

from contracts.approvals import InformationGiven
from contracts.users import PersonErased
from kit.change import Change
from kit.clock import now
from services.notifications.domain.letters import forget_other
from tests.approvals.stage import soon
from tests.notifications.builders import a_letter
from tests.notifications.conftest import World
from tests.notifications.telling import letter, somebody
from tests.notifications.test_gathering import kept

WORDS = "Ma fille est malade"


def test_who_is_named_is_forgotten_and_the_letter_stays_as_it_was():
    told = a_letter(template="information-given", about_id="u-omar", reason=WORDS)

    left = forget_other(told).state

    assert left == a_letter(template="information-given", about_id=None, reason="")
    assert forget_other(left) == Change(left)


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_that_they_wrote_stays_in_a_letter_to_another(world: World):
    given = InformationGiven(
        comment_id="c-1",
        approval_id="r-1",
        number="RITM0000001",
        title="Rattachement",
        structure_id="s-9",
        structure_name="Menuiserie Petit",
        requester_id="u-omar",
        asked_by="u-lea",
        text=WORDS,
        given_at=now(),
    )
    await world.stage.hear(somebody(), somebody("u-omar"), given)
    await letter(world, "sent")

    await world.stage.hear(PersonErased(user_id="u-omar", erased_at=now()))

    async def forgotten() -> Any:
        [one] = await kept(world)
        return not one["about_id"] and one

    one = await soon(forgotten)
    assert WORDS not in str(one)
    assert (one["recipient_id"], one["status"], one["forgotten"]) == ("u-lea", "sent", False)
