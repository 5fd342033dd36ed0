"""
Letters through a real mail server, to whoever it relays to.

Postfix is a program of the system, and must be started by root: ``make test-mta``.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.embedded import mail
from kit.clock import now
from kit.service import Service
from services.notifications.mailer import Mailer
from services.notifications.main import build
from services.notifications.settings import NotificationsSettings
from tests.approvals.stage import Stage, soon
from tests.conftest import settings_for
from tests.mta.postfix import BLOCKED, GONE, KNOWN, LATER, Postfix, a_postfix
from tests.notifications.telling import a_link, a_refusal, somebody
from tests.ports import free_ports

pytestmark = [
    pytest.mark.skipif(os.environ.get("CHORALE_TEST_MTA") != "1", reason="make test-mta runs it"),
    pytest.mark.asyncio(loop_scope="module"),
]


@dataclass
class World:
    """Notifications at work, Postfix before it, and what Postfix has relayed."""

    stage: Stage
    postfix: Postfix
    caught: Path

    async def until_arrived(self, n: int) -> list[EmailMessage]:
        async def enough() -> bool:
            return len(mail.letters(self.caught)) >= n

        await soon(enough, within=30)
        return [mail.read(one) for one in mail.letters(self.caught)]

    async def letter(self, id: str, status: str) -> dict[str, Any]:
        async def found() -> Any:
            return await self.stage.service.mongo["letters"].find_one(
                {"_id": id, "status": status, "attempts": {"$gt": 0}}
            )

        return dict(await soon(found, within=20))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world_of_all(
    mongo_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder, caught = tmp_path_factory.mktemp("postfix"), tmp_path_factory.mktemp("caught")
    port, relay = free_ports(2)
    catcher = await mail.catch(caught, relay)
    async with a_postfix(folder, port, relay) as postfix:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
            settings = NotificationsSettings(
                **settings_for(mongo_url, smtp_port=port, smtp_connections=4, smtp_tls="starttls")
            )
            service = Service("notifications", settings)
            async with Stage(service, build(service)).at_work() as stage:
                yield World(stage, postfix, caught)
            await service.mongo.drop()
            await service.mongo.close()
    catcher.close()


@pytest_asyncio.fixture(loop_scope="module")
async def world(world_of_all: World) -> World:
    await world_of_all.stage.forget()
    for one in mail.letters(world_of_all.caught):
        one.unlink()
    return world_of_all


def told_by(report: EmailMessage) -> tuple[str, str]:
    """Which letter a mail server could not bring any further, and why (RFC 3464)."""
    parts = {one.get_content_type(): one for one in report.walk()}
    _, recipient = parts["message/delivery-status"].iter_parts()
    return str(parts["message/rfc822"].get_content()["Message-ID"]), str(recipient["Status"])


class TestThroughPostfix:
    @pytest.mark.feature("NOT-15")
    async def test_a_letter_arrives_whole_over_tls(self, world: World):
        await world.stage.hear(somebody(email=KNOWN), a_refusal(reason="Inconnue ici, né à Sète"))

        [message] = await world.until_arrived(1)
        kept = await world.letter("r-1:refused", "sent")

        assert message["Message-ID"] == kept["message_id"]
        assert "with ESMTPS" in str(message["Received"])
        assert message["Delivered-To"] == message["To"] == KNOWN
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert (
            message["List-Unsubscribe"]
            .strip()
            .startswith("<http://127.0.0.1:8080/v1/unsubscriptions")
        )
        for kind in ("plain", "html"):
            assert "né à Sète" in mail.text(message, kind)

    async def test_two_hundred_leave_once_each(self, world: World):
        await world.stage.hear(somebody(email=KNOWN), *(a_refusal(f"r-{n}") for n in range(200)))

        arrived = await world.until_arrived(200)

        assert max(Counter(one["Message-ID"] for one in arrived).values()) == 1

    @pytest.mark.feature("NOT-15")
    async def test_a_mailbox_that_is_not_there_is_written_to_no_more(self, world: World):
        nobody = somebody(email="nobody@example.org")
        await world.stage.hear(nobody, a_refusal("r-1"))
        kept = await world.letter("r-1:refused", "failed")

        await world.stage.hear(a_refusal("r-2"))

        assert kept["last_error"].startswith("550 5.1.1")
        await world.letter("r-2:refused", "suppressed")

    async def test_a_policy_fails_one_letter_alone(self, world: World):
        await world.stage.hear(somebody(email=BLOCKED), a_refusal("r-1"))

        kept = await world.letter("r-1:refused", "failed")

        assert kept["last_error"].startswith("550 5.7.1")
        assert await world.stage.service.mongo["suppressed-addresses"].count_documents({}) == 0

    @pytest.mark.feature("NOT-15")
    async def test_what_is_refused_for_a_time_waits(self, world: World):
        await world.stage.hear(somebody(email=LATER), a_link())

        async def waiting() -> Any:
            return await world.stage.service.mongo["letters"].find_one({"last_error": {"$ne": ""}})

        kept = await soon(waiting, within=20)

        assert kept["status"] == "waiting"
        assert kept["last_error"].startswith("450 4.2.1")
        assert kept["wake_at"] > now()

    @pytest.mark.feature("NOT-15")
    async def test_what_comes_back_as_mail_can_be_told(self, world: World):
        await world.stage.hear(somebody(email=GONE), a_refusal("r-1"))
        kept = await world.letter("r-1:refused", "sent")
        [report] = await world.until_arrived(1)
        message_id, status = told_by(report)

        [mailer] = (job for job in world.stage.service.jobs if isinstance(job, Mailer))
        await mailer.keeps.refused.came_back(message_id, status, "")
        await world.stage.hear(a_refusal("r-2"))

        assert (message_id, status) == (kept["message_id"], "5.1.1")
        await world.letter("r-1:refused", "failed")
        await world.letter("r-2:refused", "suppressed")

    @pytest.mark.feature("NOT-15")
    async def test_letters_outlive_the_mail_server(self, world: World):
        await world.postfix.child.stop()
        await world.stage.hear(somebody(email=KNOWN), *(a_refusal(f"r-{n}") for n in range(5)))
        letters = world.stage.service.mongo["letters"]

        async def tried() -> bool:
            return bool(await letters.count_documents({"last_error": {"$ne": ""}}) == 5)

        await soon(tried, within=20)
        await world.postfix.child.spawn()
        await world.postfix.child.until_ready()
        await letters.update_many({}, {"$set": {"wake_at": now()}})

        arrived = await world.until_arrived(5)

        assert len({one["Message-ID"] for one in arrived}) == len(arrived) == 5
