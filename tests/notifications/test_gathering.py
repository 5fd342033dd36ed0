"""Letters that wait for a digest or the end of the night, from the event to the SMTP server."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalOpened,
    ApprovalReminded,
    ApprovalWithdrawn,
)
from contracts.users import Habilitation, Line, NotificationPreferences, QuietHours
from kit.clock import now, today
from kit.rights import ORGANISATION
from services.notifications.domain.letters import OF_NO_USE
from tests.approvals.stage import soon
from tests.notifications.conftest import World
from tests.notifications.telling import (
    OPENED,
    a_link,
    a_refusal,
    deciding,
    forced,
    letter,
    somebody,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


REMINDED = ApprovalReminded(
    **OPENED.model_dump(exclude={"principal_manager_id", "approver_ids", "expires_at"}),
    approver_ids=("u-omar",),
    business_days=3,
    reminded_at=now(),
    expires_at=now() + timedelta(days=40),
)
ORGANISES = Habilitation(application=ORGANISATION, level="modification")


def wishing(rhythm: Any, user: str = "u-lea", **but: Any) -> Any:
    wishes = NotificationPreferences(rhythm=rhythm, **but)
    return somebody(user, notifications=wishes)


def withdrawn(approval_id: str) -> ApprovalWithdrawn:
    return ApprovalWithdrawn(
        approval_id=approval_id,
        kind="rattachement",
        subject_id=approval_id,
        structure_id="s-9",
        requester_id="u-lea",
        withdrawn_at=now(),
    )


def opened(questions: int) -> list[ApprovalOpened]:
    return [
        OPENED.model_copy(
            update={"approval_id": f"r-{n}", "opened_at": now() - timedelta(minutes=9 - n)}
        )
        for n in range(questions)
    ]


async def kept(world: World, **where: Any) -> list[dict[str, Any]]:
    found = world.stage.service.mongo["letters"].find(where).sort("_id", 1)
    return list(await found.to_list(None))


async def gathered(world: World, n: int) -> dict[str, Any]:
    """The one digest that so many letters wait for."""

    async def all_gathered() -> bool:
        return len(await kept(world, status="gathered")) == n

    await soon(all_gathered)
    [digest] = await kept(world, template="digest")
    return digest


class TestDigests:
    @pytest.mark.feature("NOT-02", "NOT-16")
    async def test_tell_of_all_that_was_written_since_in_one_letter(self, world: World):
        wishes = NotificationPreferences(rhythm="daily")
        await world.stage.hear(somebody(notifications=wishes, language="en"))
        await world.stage.hear(*(a_refusal(f"r-{n}") for n in range(3)))
        digest = await gathered(world, 3)
        assert timedelta() < digest["wake_at"] - now() <= timedelta(days=1, hours=1)
        assert not world.post.taken

        await forced(world)
        await letter(world, "sent", _id=digest["_id"])

        [message] = world.post.taken
        text = message.get_body(("plain",)).get_content()
        assert text.count("- Your request") == 3
        assert message["Content-Language"] == "en"

    async def test_leave_once_though_events_and_mornings_come_again(self, world: World):
        await world.stage.hear(wishing("weekly"), a_refusal())
        digest = await gathered(world, 1)
        await forced(world)
        await letter(world, "sent", _id=digest["_id"])

        await world.stage.hear(a_refusal())
        await forced(world)

        assert len(world.post.taken) == 1

    @pytest.mark.feature("NOT-02")
    @pytest.mark.parametrize(
        ("end", "kind"), [(ApprovalDecided, "rattachement"), (ApprovalDecidedV2, "mandate")]
    )
    async def test_are_not_sent_empty_once_all_is_settled(
        self, world: World, end: type[ApprovalDecided | ApprovalDecidedV2], kind: Any
    ):
        omar = wishing("daily", "u-omar"), deciding("u-omar")
        await world.stage.hear(somebody(), *omar, OPENED, REMINDED)
        digest = await gathered(world, 2)
        await world.stage.hear(
            end(
                approval_id="r-1",
                kind=kind,
                subject_id="r-1",
                structure_id="s-9",
                requester_id="u-lea",
                verdict="approved",
                decided_by="u-ada",
                decided_at=now(),
            )
        )

        await forced(world)

        done = await letter(world, "suppressed", _id=digest["_id"])
        assert done["last_error"] == "Nothing is left to tell."
        assert "omar@example.org" not in [one["To"] for one in world.post.taken]

    async def test_look_past_many_that_are_settled(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("services.notifications.gathering.READ_AT_ONCE", 2)
        monkeypatch.setattr("services.notifications.gathering.MOST_SHOWN", 1)
        omar = wishing("daily", "u-omar"), deciding("u-omar")
        await world.stage.hear(somebody(), *omar, *opened(7))
        digest = await gathered(world, 7)
        await world.stage.hear(*(withdrawn(f"r-{n}") for n in (0, 1, 2, 3, 5)))

        await forced(world)
        await letter(world, "sent", _id=digest["_id"])

        text = world.post.taken[0].get_body(("plain",)).get_content()
        assert text.count("- Une demande de rattachement") == 1
        assert "- et 1 de plus" in text

    @pytest.mark.feature("NOT-02")
    async def test_are_not_sent_empty_however_much_is_settled(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("services.notifications.gathering.READ_AT_ONCE", 1)
        monkeypatch.setattr("services.notifications.gathering.MOST_READ", 2)
        omar = wishing("daily", "u-omar"), deciding("u-omar")
        await world.stage.hear(somebody(), *omar, *opened(5))
        digest = await gathered(world, 5)
        await world.stage.hear(*(withdrawn(f"r-{n}") for n in range(5)))

        await forced(world)

        done = await letter(world, "suppressed", _id=digest["_id"])
        assert done["last_error"] == "Nothing is left to tell."
        assert not world.post.taken

    @pytest.mark.feature("NOT-02", "NOT-09")
    async def test_tell_no_question_to_who_may_no_longer_decide_on_it(self, world: World):
        await world.stage.hear(somebody(), wishing("daily", "u-omar"), deciding("u-omar"), OPENED)
        digest = await gathered(world, 1)
        await world.stage.hear(deciding("u-omar", role=None, lines=(), version=2))

        await forced(world)

        done = await letter(world, "suppressed", _id=digest["_id"])
        assert done["last_error"] == "Nothing is left to tell."
        assert not world.post.taken

    @pytest.mark.feature("NOT-02", "NOT-09")
    async def test_tell_who_decides_on_one_unit_of_no_other(self, world: World):
        opened = [
            OPENED.model_copy(
                update={"approval_id": id, "units": (unit,), "principal_manager_id": "u-ada"}
            )
            for id, unit in (("r-1", "COMPTA"), ("r-2", "VOIRIE"))
        ]
        ada = partial(deciding, "u-ada", role="user", habilitations=(ORGANISES,))
        of_both = tuple(Line(unit=unit, valid_from=today()) for unit in ("COMPTA", "VOIRIE"))
        await world.stage.hear(somebody(), wishing("daily", "u-ada"), ada(lines=of_both), *opened)
        digest = await gathered(world, 2)
        await world.stage.hear(ada(lines=of_both[1:], version=2))

        await forced(world)
        await letter(world, "sent", _id=digest["_id"])

        text = world.post.taken[0].get_body(("plain",)).get_content()
        assert text.count("- Une demande de rattachement") == 1
        mine = (await world.stage.by("u-ada").get("/v1/me/letters")).json()
        assert [one["id"] for one in mine["items"]] == ["r-2:approval-opened:u-ada"]
        assert mine["unread"] == 1

    @pytest.mark.feature("APP-16")
    async def test_remind_of_what_would_expire_even_who_wishes_for_no_letters(self, world: World):
        omar = wishing("never", "u-omar"), deciding("u-omar")
        await world.stage.hear(somebody(), *omar, OPENED, REMINDED)
        digest = await gathered(world, 1)

        await forced(world)
        await letter(world, "sent", _id=digest["_id"])

        unsent = await letter(world, "suppressed", template="approval-opened")
        assert unsent["last_error"] == "It is not wished for."
        [message] = world.post.taken
        text = message.get_body(("plain",)).get_content()
        assert "- Rappel : une demande attend votre décision (Menuiserie Petit)" in text

    @pytest.mark.feature("NOT-05")
    async def test_do_not_hold_back_what_opens_the_account(self, world: World):
        quiet = QuietHours(begin="00:00", end="23:59")
        await world.stage.hear(wishing("never", quiet_hours=quiet), a_link(), a_refusal())

        await letter(world, "sent", template="activation")
        unsent = await letter(world, "suppressed", template="rattachement-refused")

        assert unsent["last_error"] == "It is not wished for."
        assert len(world.post.taken) == 1


class TestQuietHours:
    async def test_hold_a_letter_until_they_end_and_do_not_drop_it(self, world: World):
        there = datetime.now(UTC)
        quiet = QuietHours(
            begin=f"{there - timedelta(hours=1):%H:%M}", end=f"{there + timedelta(hours=1):%H:%M}"
        )
        wishes = NotificationPreferences(quiet_hours=quiet)
        await world.stage.hear(somebody(notifications=wishes, time_zone="UTC"), a_refusal())

        async def held() -> Any:
            [one] = await kept(world)
            return one["wake_at"] > now() + timedelta(minutes=50) and one

        assert (await soon(held))["attempts"] == 0
        wakeful = somebody(version=2, time_zone="UTC", notifications=NotificationPreferences())
        await world.stage.hear(wakeful)
        await forced(world)

        await letter(world, "sent")


class TestSentAgain:
    @pytest.mark.feature("NOT-09", "NOT-15")
    async def test_is_not_told_to_who_may_no_longer_decide(self, world: World):
        world.post.says = ["550 5.7.1 blocked by policy"]
        await world.stage.hear(somebody(), somebody("u-omar"), deciding("u-omar"), OPENED)
        await letter(world, "failed")
        await world.stage.hear(deciding("u-omar", role=None, lines=(), version=2))

        operator = world.stage.by("u-ops", operator=True)
        answer = await operator.post("/v1/ops/letters/r-1:approval-opened:u-omar/retry")

        assert answer.status_code == 202, answer.text
        done = await letter(world, "suppressed")
        assert done["last_error"] == OF_NO_USE
        assert not world.post.taken


class TestAddress:
    @pytest.mark.feature("NOT-04", "ACC-05")
    async def test_is_the_one_known_when_the_digest_leaves(self, world: World):
        await world.stage.hear(wishing("daily"), a_refusal())
        await gathered(world, 1)
        wishes = NotificationPreferences(rhythm="daily")
        moved = somebody(version=2, email="lea@new.example.org", notifications=wishes)
        await world.stage.hear(moved)

        await forced(world)
        await letter(world, "sent", template="digest")

        assert [one["To"] for one in world.post.taken] == ["lea@new.example.org"]

    @pytest.mark.feature("NOT-07")
    async def test_of_whoever_left_gets_no_digest(self, world: World):
        await world.stage.hear(wishing("daily"), a_refusal())
        digest = await gathered(world, 1)
        await world.stage.hear(somebody(version=2, active=False))

        await forced(world)

        await letter(world, "suppressed", _id=digest["_id"])
        assert not world.post.taken
