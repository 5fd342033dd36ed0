"""Letters that a mail server took and that came back."""

from typing import Any

import httpx
import pytest

from kit.change import Change
from kit.clock import now
from kit.internal import Caller, sign
from services.notifications.domain import attempts
from tests.notifications.builders import NOW, SOON, a_letter
from tests.notifications.conftest import World
from tests.notifications.telling import (
    NOTICE,
    a_refusal,
    letter,
    somebody,
)

PATH = "/v1/facts/deliveries"
SENT = a_letter(status="sent", sent_at=NOW, wake_at=None, message_id="<m@x>", address_id="a")


class TestCameBack:
    def test_is_given_up_though_it_was_sent(self):
        failed = attempts.came_back(SENT, error="5.1.1 no", now=SOON).state

        assert failed
        assert (failed.status, failed.last_error, failed.sent_at) == ("failed", "5.1.1 no", NOW)
        assert attempts.came_back(failed, error="5.1.1 no", now=SOON) == Change(failed)

    def test_leaves_one_that_is_tried_again_alone(self):
        waiting = a_letter()

        assert attempts.came_back(waiting, error="5.1.1 no", now=SOON) == Change(waiting)


@pytest.mark.asyncio(loop_scope="module")
class TestOverHttp:
    async def told(
        self,
        world: World,
        message_id: str,
        scope: str = "deliveries:write",
        only: str = "",
        **but: Any,
    ) -> httpx.Response:
        fact = {
            "specversion": "1.0",
            "id": "1",
            "source": "/mail",
            "type": "mail.delivery-failed.v1",
            "data": {"message_id": message_id, "status": "5.1.1"} | but,
        }
        key = world.stage.service.settings.internal_key.get_secret_value()
        limits = frozenset({only} - {""})
        mta = Caller(client_id="mta", scopes=frozenset({scope}), structures=limits)
        word = sign(mta, key, at=now())
        async with world.stage.by() as client:
            return await client.post(
                PATH,
                json=fact,
                headers={
                    "authorization": f"Bearer {word}",
                    "content-type": "application/cloudevents+json",
                },
            )

    async def sent(self, world: World) -> str:
        await world.stage.hear(somebody(), a_refusal("r-1"))
        return str((await letter(world, "sent", _id="r-1:refused"))["message_id"])

    @pytest.mark.feature("NOT-15")
    async def test_a_mailbox_that_is_not_there_is_written_to_no_more(self, world: World):
        message_id = await self.sent(world)

        for _ in "ab":
            answer = await self.told(world, message_id, answer="<lea@example.org>: who?")
            assert answer.status_code == 204, answer.text
        await world.stage.hear(a_refusal("r-2"))

        kept = await letter(world, "failed", _id="r-1:refused")
        assert kept["last_error"] == "5.1.1 <l***@example.org>: who?"
        await letter(world, "suppressed", _id="r-2:refused")
        assert await world.stage.told() == ["notifications.address-suppressed.v1"]

    async def test_a_vacancy_notice_that_comes_back_is_told(self, world: World):
        await world.stage.hear(somebody(), NOTICE)
        message_id = str((await letter(world, "sent"))["message_id"])

        assert (await self.told(world, message_id, status="5.2.2")).status_code == 204

        assert await world.stage.told() == [
            "notifications.vacancy-notice-handed-over.v1",
            "notifications.vacancy-notice-returned.v1",
        ]

    async def test_another_failure_gives_up_one_letter_alone(self, world: World):
        message_id = await self.sent(world)

        await self.told(world, message_id, status="5.2.2")
        await world.stage.hear(a_refusal("r-2"))

        await letter(world, "failed", _id="r-1:refused")
        await letter(world, "sent", _id="r-2:refused")

    @pytest.mark.parametrize(
        ("but", "status"),
        [
            ({"message_id": "<nobody@x>"}, 404),
            ({"status": "4.2.1"}, 422),
            ({"message_id": "no brackets"}, 422),
            ({"scope": "facts:write"}, 403),
            ({"only": "s-8"}, 403),
        ],
    )
    async def test_nothing_else_is_believed(self, world: World, but: Any, status: int):
        asked = {"message_id": await self.sent(world)} | but

        assert (await self.told(world, **asked)).status_code == status
        await letter(world, "sent", _id="r-1:refused")
