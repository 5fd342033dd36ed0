"""From a fact to the SMTP server, and what is recorded of it."""

import asyncio
import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalEscalated, ApprovalReminded
from contracts.event import Event
from contracts.users import (
    ManagementTransferred,
    NotificationPreferences,
)
from kit.clock import now
from kit.links import read_link
from kit.problems import Unavailable
from kit.tasks import ended
from kit.workers import GRACE
from services.notifications.domain.attempts import AGAIN_AFTER
from services.notifications.mailer import Mailer
from services.notifications.metrics import measuring, oldest_waiting
from services.notifications.pacing import Pace
from services.notifications.rendering import Renderer
from services.notifications.settings import NotificationsSettings
from tests.approvals.stage import soon
from tests.notifications.conftest import World
from tests.notifications.telling import (
    GRANTED,
    NOT_APPLIED,
    NOTICE,
    OPENED,
    REPEATED,
    TICKET,
    a_link,
    a_refusal,
    collection,
    forced,
    letter,
    somebody,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestLetters:
    @pytest.mark.feature("NOT-09")
    async def test_go_to_the_principal_manager_when_somebody_asks(self, world: World):
        await world.stage.hear(somebody(), somebody("u-omar"), somebody("u-ada"), OPENED)

        await letter(world, "sent")

        [message] = world.post.taken
        assert message["To"] == "omar@example.org"
        assert message["Subject"] == (
            "Une demande de rattachement attend votre décision (Menuiserie Petit)"
        )
        assert "Lea Martin demande" in message.get_body(("plain",)).get_content()

    @pytest.mark.feature("NOT-09")
    async def test_go_to_all_who_may_decide_where_there_is_no_principal_manager(self, world: World):
        opened = OPENED.model_copy(update={"principal_manager_id": None})
        await world.stage.hear(somebody("u-omar"), somebody("u-ada"), opened)

        await soon(lambda: _true(len(world.post.taken) == 2))

        assert {one["To"] for one in world.post.taken} == {"omar@example.org", "ada@example.org"}

    async def test_remind_once_of_all_that_waits_in_a_structure(self, world: World):
        waits = OPENED.model_dump(exclude={"principal_manager_id"}) | {"approver_ids": ["u-omar"]}
        said = waits | {"business_days": 3, "reminded_at": now(), "expires_at": now()}
        reminded = [ApprovalReminded(**said | {"approval_id": id}) for id in ("r-1", "r-2")]
        others = waits | {"escalated_at": now(), "expires_at": now(), "approver_ids": ["u-ada"]}
        await world.stage.hear(
            somebody(),
            somebody("u-omar"),
            somebody("u-ada"),
            *reminded,
            ApprovalEscalated(**others),
        )

        await soon(lambda: _true(len(world.post.taken) == 2))

        assert sorted(one["To"] for one in world.post.taken) == [
            "ada@example.org",
            "omar@example.org",
        ]

    @pytest.mark.feature("NOT-10", "APP-14")
    async def test_tell_the_requester_why_it_is_refused(self, world: World):
        await world.stage.hear(somebody(), a_refusal())

        kept = await letter(world, "sent")

        [message] = world.post.taken
        assert message["To"] == "lea@example.org"
        for form in ("plain", "html"):
            assert "Inconnue ici" in message.get_body((form,)).get_content()
        assert (kept["attempts"], kept["message_id"]) == (1, message["Message-ID"])
        assert kept["sent_at"]

    @pytest.mark.feature("NOT-10")
    @pytest.mark.parametrize("fact", [GRANTED, NOT_APPLIED, REPEATED, TICKET], ids=lambda e: e.type)
    async def test_follow_every_other_fact(self, world: World, fact: Event):
        await world.stage.hear(somebody(), fact)

        await letter(world, "sent")

        assert [one["To"] for one in world.post.taken] == ["lea@example.org"]

    @pytest.mark.feature("NOT-12")
    async def test_of_a_handed_over_management_go_to_both_whatever_they_wish(self, world: World):
        wishes = NotificationPreferences(rhythm="never")
        people = (somebody(user, notifications=wishes) for user in ("u-lea", "u-omar"))
        handed_over = ManagementTransferred(
            transfer_id="t-1",
            structure_ids=("s-9",),
            structure_name="Menuiserie Petit",
            former_manager_id="u-omar",
            principal_manager_id="u-lea",
            transferred_at=now(),
        )
        await world.stage.hear(*people, handed_over)

        await soon(lambda: _true(len(world.post.taken) == 2))

        said = {one["To"]: one.get_body(("plain",)).get_content() for one in world.post.taken}
        assert "Omar Martin vous a transmis" in said["lea@example.org"]
        assert "Menuiserie Petit à Lea Martin" in said["omar@example.org"]

    @pytest.mark.feature("NOT-08", "NOT-07")
    @pytest.mark.parametrize("purpose", ["activation", "password-reset"])
    async def test_carry_a_link_that_opens_what_it_is_for(self, world: World, purpose: Any):
        pending = purpose == "activation"
        await world.stage.hear(somebody(active=not pending), a_link(purpose=purpose))

        await letter(world, "sent")

        text = world.post.taken[0].get_body(("plain",)).get_content()
        [token] = re.findall(rf"http://127.0.0.1:8080/{purpose}\?token=(\S+)", text)
        key = world.stage.service.settings.link_key.get_secret_value()
        link = read_link(key, token, purpose=purpose, now=now())
        assert (link.user_id, link.nonce) == ("u-lea", "n-1")

    @pytest.mark.feature("NOT-15")
    async def test_leave_once_however_often_they_are_asked_for(self, world: World):
        await world.stage.hear(somebody(), a_refusal())
        await letter(world, "sent")

        await world.stage.hear(a_refusal(), a_refusal())
        await asyncio.sleep(0.2)

        assert len(world.post.taken) == 1

    async def test_leave_over_few_connections(self, world: World):
        await world.stage.hear(somebody(), *(a_refusal(f"r-{n}") for n in range(30)))
        await soon(lambda: _true(len(world.post.taken) == 30))

        assert world.post.connections <= 2
        assert max(Counter(one["Message-ID"] for one in world.post.taken).values()) == 1

    async def test_use_the_address_known_when_they_leave(self, world: World):
        world.post.says = ["451 later"]
        await world.stage.hear(somebody(), a_refusal())
        await letter(world, last_error={"$ne": ""})

        await world.stage.hear(somebody(version=2, email="new@example.org"))
        await forced(world)
        await letter(world, "sent")

        assert world.post.taken[0]["To"] == "new@example.org"


class TestVacancyNotice:
    """Silence counts only if it was handed over: users has to hear that."""

    @pytest.mark.feature("APP-16")
    async def test_is_told_once_it_was_handed_over(self, world: World):
        await world.stage.hear(somebody(), somebody("u-omar"), NOTICE, NOTICE)

        await letter(world, "sent")

        assert await world.stage.told() == ["notifications.vacancy-notice-handed-over.v1"]

    async def test_is_not_told_while_it_was_refused(self, world: World):
        world.post.says = ["550 5.1.1 no such user"]
        await world.stage.hear(somebody(), somebody("u-omar"), NOTICE)

        await letter(world, "failed")

        assert await world.stage.told() == ["notifications.address-suppressed.v1"]


class TestUnwanted:
    @pytest.mark.feature("NOT-07")
    async def test_a_deactivated_account_gets_no_letter(self, world: World):
        await world.stage.hear(somebody(active=False), a_refusal())

        await letter(world, "suppressed")

        assert world.post.taken == []

    async def test_an_expired_link_is_not_sent(self, world: World):
        await world.stage.hear(somebody(), a_link(expires_at=now() - timedelta(seconds=1)))

        await letter(world, "suppressed")

        assert world.post.taken == []

    async def test_an_address_that_is_none_fails_and_says_so(self, world: World):
        await world.stage.hear(somebody(email="lea@"), a_refusal())

        kept = await letter(world, "failed")

        assert kept["attempts"] == 1
        assert "lea" not in kept["last_error"]


class TestFailure:
    @pytest.mark.feature("NOT-15")
    async def test_for_good_is_not_tried_again(self, world: World):
        world.post.says = ["550 5.1.1 <lea@example.org>: no such user"]
        await world.stage.hear(somebody(), a_refusal())

        kept = await letter(world, "failed")

        assert kept["last_error"] == "550 5.1.1 <l***@example.org>: no such user"
        assert (kept["attempts"], kept["wake_at"]) == (1, None)

    @pytest.mark.feature("NOT-15")
    @pytest.mark.parametrize("moment", ["says", "after_data"])
    async def test_for_a_time_is_tried_again_later(self, world: World, moment: str):
        setattr(world.post, moment, ["451 4.3.0 try again later"])
        await world.stage.hear(somebody(), a_refusal())

        kept = await letter(world, last_error={"$ne": ""})
        wait = kept["wake_at"] - now()
        await forced(world)
        again = await letter(world, "sent")

        assert kept["last_error"].startswith("451")
        assert timedelta(seconds=8) < wait <= AGAIN_AFTER[0]
        assert (again["attempts"], again["last_error"]) == (2, "")
        assert len(world.post.taken) == 1

    @pytest.mark.feature("NOT-15")
    async def test_to_reach_the_server_ends_when_it_is_back(self, world: World):
        await world.stage.hear(somebody(), a_refusal("r-0"))
        await soon(lambda: _true(world.post.taken))
        await world.post.close()
        await world.stage.hear(a_refusal("r-1"))
        kept = await letter(world, _id="r-1:refused", last_error={"$ne": ""})
        await measuring(collection(world, "letters"), collection(world, "suppressed-addresses"))()
        age = oldest_waiting.labels("notifications")._value.get()

        await world.post.open()
        await forced(world)
        again = await letter(world, "sent", _id="r-1:refused")

        assert "lea@" not in kept["last_error"]
        assert (kept["attempts"], again["attempts"]) == (0, 1)
        assert age > 0
        assert len(world.post.taken) == 2

    @pytest.mark.feature("NOT-15")
    @pytest.mark.parametrize(
        ("moment", "answer"),
        [
            ("greets", "550 5.7.1 sender refused"),
            ("greets", "452 4.3.1 insufficient storage"),
            ("says", "421 closing"),
        ],
        ids=["of the sender", "of room", "and hung up"],
    )
    async def test_that_is_the_server_s_uses_up_no_attempt(
        self, world: World, moment: str, answer: str
    ):
        setattr(world.post, moment, [answer])
        await world.stage.hear(somebody(), a_refusal())

        kept = await letter(world, last_error={"$ne": ""})
        await forced(world)
        again = await letter(world, "sent")

        assert (kept["status"], kept["attempts"]) == ("waiting", 0)
        assert kept["last_error"].startswith(answer[:3])
        assert again["attempts"] == 1

    async def test_that_may_have_come_after_the_letter_does_use_one_up(self, world: World):
        """Else a server that takes letters and never says so would get each for ever."""
        world.post.after_data = ["421 closing"]
        await world.stage.hear(somebody(), a_refusal())

        kept = await letter(world, last_error={"$ne": ""})

        assert (kept["status"], kept["attempts"]) == ("waiting", 1)

    async def test_of_a_connection_grown_old_costs_nothing(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("services.notifications.post.DOUBTFUL_AFTER", 0.0)
        await world.stage.hear(somebody(), a_refusal("r-0"))
        await soon(lambda: _true(world.post.taken))
        world.post.hang_up()

        await world.stage.hear(a_refusal("r-1"))
        kept = await letter(world, "sent", _id="r-1:refused")

        assert kept["attempts"] == 1

    async def test_to_answer_in_time_is_tried_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("services.notifications.post.PATIENCE", 0.2)
        world.post.slowly = 0.6
        await world.stage.hear(somebody(), a_refusal())

        kept = await letter(world, last_error={"$ne": ""})

        assert (kept["status"], kept["last_error"]) == ("waiting", "No answer in time.")
        assert kept["attempts"] == 1


class TestSuppressedAddress:
    """One that the mail server has refused for good."""

    refusal = "550 5.1.1 <lea@example.org>: no such user"

    async def refused(self, world: World) -> None:
        world.post.says = [self.refusal]
        await world.stage.hear(somebody(), a_refusal("r-1"))
        await letter(world, "failed", _id="r-1:refused")

    @pytest.mark.feature("NOT-15")
    async def test_gets_no_letter_any_more_but_links_and_codes(self, world: World):
        await self.refused(world)

        await world.stage.hear(a_refusal("r-2"), a_link())

        kept = await letter(world, "suppressed", _id="r-2:refused")
        await letter(world, "sent", template="activation")
        assert "refused this address for good" in kept["last_error"]
        assert [one["Subject"] for one in world.post.taken] == ["Activez votre compte Chorale"]

    async def test_is_told_once_and_kept_as_a_hash(self, world: World):
        await self.refused(world)

        [kept] = await world.stage.service.mongo["suppressed-addresses"].find().to_list(None)
        assert "lea@" not in str(kept)
        assert (kept["user_id"], kept["code"]) == ("u-lea", "550 5.1.1")
        assert await world.stage.told() == ["notifications.address-suppressed.v1"]

    async def test_is_not_another_one_that_the_same_person_has_now(self, world: World):
        await self.refused(world)

        await world.stage.hear(somebody(version=2, email="new@example.org"), a_refusal("r-2"))

        await letter(world, "sent", _id="r-2:refused")
        assert [one["To"] for one in world.post.taken] == ["new@example.org"]

    @pytest.mark.parametrize("answer", ["550 5.7.1 blocked by policy", "552 5.2.2 mailbox full"])
    async def test_is_not_one_whose_letter_was_refused_for_what_may_pass(
        self, world: World, answer: str
    ):
        world.post.says = [answer]
        await world.stage.hear(somebody(), a_refusal("r-1"))
        await letter(world, "failed", _id="r-1:refused")

        await world.stage.hear(a_refusal("r-2"))

        await letter(world, "sent", _id="r-2:refused")


class TestRate:
    async def test_of_one_domain_holds_up_no_other_and_no_code(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        [mailer] = (job for job in world.stage.service.jobs if isinstance(job, Mailer))
        monkeypatch.setattr(mailer, "_pace", Pace(0.1))
        await world.stage.hear(somebody(), somebody("u-ada", email="ada@elsewhere.org"))
        await world.stage.hear(a_refusal("r-1"))
        await letter(world, "sent", _id="r-1:refused")

        await world.stage.hear(a_refusal("r-2"), a_refusal("r-3", user_id="u-ada"), a_link())

        await letter(world, "sent", _id="r-3:refused")
        await letter(world, "sent", template="activation")
        kept = await letter(world, "waiting", _id="r-2:refused", attempts=0)
        assert timedelta(seconds=5) < kept["wake_at"] - now() <= timedelta(seconds=10)
        assert kept["last_error"] == ""


class TestRecord:
    @pytest.mark.feature("NOT-15")
    async def test_of_a_letter_that_left_is_kept_when_mongodb_is_back(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        """Given up, the letter would leave a second time."""
        committer = world.stage.service.committer
        keep, refused = committer.keep, list[int]()

        async def away(ask: Any) -> Any:
            if world.post.taken and not refused:
                refused.append(1)
                raise Unavailable
            return await keep(ask)

        monkeypatch.setattr(committer, "keep", away)
        await world.stage.hear(somebody(), a_refusal())
        kept = await letter(world, "sent")

        assert refused == [1]
        assert kept["attempts"] == 1
        assert len(world.post.taken) == 1


class TestUnknownRecipient:
    async def test_is_written_to_as_soon_as_known(self, world: World):
        await world.stage.hear(a_refusal())
        await asyncio.sleep(0.1)
        assert world.post.taken == []

        await world.stage.hear(somebody())

        kept = await letter(world, "sent")
        assert kept["attempts"] == 1


class TestStop:
    @pytest.mark.feature("NOT-15")
    async def test_waits_for_the_letters_being_handed_over(self, world: World):
        service = world.stage.service
        [at_work] = [job for job in service.jobs if isinstance(job, Mailer)]
        settings = service.settings
        assert isinstance(settings, NotificationsSettings)
        another = Mailer(
            at_work.keeps,
            renderer=Renderer(settings.public_url),
            settings=settings,
            gathering=at_work._gathering,
        )
        task = asyncio.create_task(another.run(service.committer))
        world.post.slowly = 0.3
        await world.stage.hear(somebody(), *(a_refusal(f"r-{n}") for n in range(12)))
        await soon(lambda: _true(another._handing))
        in_hand = len(another._handing)

        await ended([task], again=GRACE + 2)

        assert not another._handing
        world.post.slowly = 0
        await asyncio.sleep(1)
        kept = await service.mongo["letters"].find({"status": "sent"}).to_list(None)
        taken = Counter(one["Message-ID"] for one in world.post.taken)
        assert taken == Counter(one["message_id"] for one in kept)
        assert len(taken) >= in_hand > 0


async def _true(holds: Any) -> bool:
    return bool(holds)
