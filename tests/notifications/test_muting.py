"""Letters that a supplier has switched off for one of its client's people."""

from itertools import permutations
from typing import Any

import pytest

from contracts.structures import (
    ClientAccountAccepted,
    ClientAccountRefused,
    ClientContactNotificationsChanged,
)
from contracts.support import TicketInformationAsked, TicketSolutionProposed, TicketTransferred
from contracts.users import NotificationPreferences
from kit.clock import now
from services.notifications.domain import muting
from services.notifications.domain.muting import SWITCHED_OFF, ClientAccount, Contact
from services.notifications.domain.ticket_letters import on_ticket_opened, to_emitter
from tests.notifications.builders import a_letter
from tests.notifications.conftest import World
from tests.notifications.telling import forced, letter, somebody
from tests.notifications.test_facts import STRUCTURE as CLIENT
from tests.notifications.test_facts import a_fact, rights, told
from tests.notifications.test_gathering import gathered
from tests.notifications.test_ticket_letters import an_act, opened

SUPPLIER = "7" * 32
OTHER = "8" * 32
WHO = {"client_account_id": "a", "supplier_id": SUPPLIER, "structure_id": CLIENT}
AT_ONCE = NotificationPreferences(applications={"factures-emises": "immediate"})


def switched(*muted: str, version: int = 1, **but: str) -> ClientContactNotificationsChanged:
    who = WHO | {"contact_id": "a:u-lea", "user_id": "u-lea"} | but
    return ClientContactNotificationsChanged(**who, muted=muted, version=version, changed_at=now())


def accepted(version: int) -> ClientAccountAccepted:
    return ClientAccountAccepted(**WHO, accepted_by="u", version=version, accepted_at=now())


def refused(version: int) -> ClientAccountRefused:
    return ClientAccountRefused(**WHO, refused_by="u", version=version, refused_at=now())


def of_supplier(**but: Any) -> Any:
    about = {"structure_id": CLIENT, "supplier_id": SUPPLIER, "template": "invoice-status"}
    return a_letter(**about | but)


@pytest.mark.feature("CRM-18")
@pytest.mark.parametrize("order", [*permutations(range(3))])
class TestCopies:
    def test_of_switches_end_with_the_newest_whatever_comes_last(self, order: tuple[int, ...]):
        events = switched("invoices"), switched("tickets", version=2), switched(version=3)
        contact: Contact | None = None
        for nth in (*order, *order):
            contact = muting.copy_contact(events[nth], contact).state

        assert contact == Contact(id=f"{CLIENT}:{SUPPLIER}:u-lea", muted=(), heard=3)

    def test_of_consent_end_with_the_newest_whatever_comes_last(self, order: tuple[int, ...]):
        events = accepted(1), refused(4), accepted(6)
        account: ClientAccount | None = None
        for nth in (*order, *order):
            account = muting.copy_account(events[nth], account).state

        assert account == ClientAccount(id=f"{CLIENT}:{SUPPLIER}", refused=False, heard=6)


class TestMayMute:
    @pytest.mark.feature("CRM-18")
    @pytest.mark.parametrize("template", ["invoice-status", "ticket-opened", "ticket-news"])
    def test_names_the_switch_of_what_only_informs(self, template: Any):
        by = muting.may_mute(of_supplier(template=template))

        assert by
        assert template.startswith(by.switch.rstrip("s"))

    @pytest.mark.parametrize(
        "but",
        [
            {"supplier_id": ""},
            {"structure_id": ""},
            {"template": "invoice-rejected"},
            {"template": "rattachement-refused"},
            {"template": "account-changed"},
            {"template": "ticket-to-answer"},
            {"template": "ticket-news", "params": {"news": "information-asked"}},
            {"template": "ticket-news", "params": {"news": "solution-proposed"}},
        ],
    )
    def test_leaves_what_asks_for_something_and_what_is_about_no_supplier(self, but: Any):
        assert muting.may_mute(of_supplier(**but)) is None

    def test_leaves_what_the_desk_does(self):
        by_desk = to_emitter(an_act(TicketTransferred, treated_by="desk"))
        to_supplier, to_desk = (
            on_ticket_opened(opened()),
            on_ticket_opened(opened(recipient_id=None)),
        )

        assert by_desk
        assert to_supplier
        assert to_desk
        assert muting.may_mute(to_supplier)
        assert muting.may_mute(by_desk) is None
        assert muting.may_mute(to_desk) is None

    @pytest.mark.parametrize("kind", [TicketInformationAsked, TicketSolutionProposed])
    def test_leaves_what_waits_for_its_emitter(self, kind: Any):
        asks = to_emitter(an_act(kind))

        assert asks
        assert asks.supplier_id
        assert muting.may_mute(asks) is None


class TestMutes:
    @pytest.mark.feature("CRM-18")
    @pytest.mark.parametrize(
        ("refuses", "muted", "is_muted"),
        [
            (None, None, False),
            (None, ("invoices",), True),
            (False, ("invoices", "tickets"), True),
            (False, ("tickets",), False),
            (True, ("invoices",), False),
        ],
    )
    def test_asks_the_switch_unless_the_client_has_refused(
        self, refuses: bool | None, muted: tuple[str, ...] | None, is_muted: bool
    ):
        by = muting.may_mute(of_supplier())
        assert by
        account = (
            None if refuses is None else ClientAccount(id=by.account_id, refused=refuses, heard=1)
        )
        contact = None if muted is None else Contact(id=by.contact_id, muted=muted, heard=1)

        assert muting.mutes(by, account, contact) == is_muted


@pytest.mark.asyncio(loop_scope="module")
class TestLetters:
    @pytest.mark.feature("CRM-18")
    async def test_do_not_leave_while_they_are_switched_off_and_stand_in_the_list(
        self, world: World
    ):
        await world.stage.hear(somebody(notifications=AT_ONCE), rights("u-lea"))
        await world.stage.hear(switched("invoices"))

        assert await told(world, a_fact(supplier=SUPPLIER)) == 204

        kept = await letter(world, "suppressed", template="invoice-status")
        assert kept["last_error"] == SWITCHED_OFF
        assert not world.post.taken
        listed = await world.stage.by("u-lea").get("/v1/me/letters")
        assert [one["template"] for one in listed.json()["items"]] == ["invoice-status"]

    @pytest.mark.feature("CRM-18")
    @pytest.mark.parametrize(
        ("switch", "supplier"), [("tickets", SUPPLIER), ("invoices", OTHER), ("invoices", None)]
    )
    async def test_leave_of_another_kind_and_of_another_supplier(
        self, world: World, switch: str, supplier: str | None
    ):
        await world.stage.hear(somebody(notifications=AT_ONCE), rights("u-lea"), switched(switch))

        await told(world, a_fact(supplier=supplier))

        await letter(world, "sent", template="invoice-status")

    @pytest.mark.feature("CRM-18")
    async def test_leave_for_a_client_that_has_refused_its_account_since(self, world: World):
        await world.stage.hear(somebody(notifications=AT_ONCE), rights("u-lea"))
        await world.stage.hear(refused(2), switched("invoices"))

        await told(world, a_fact(supplier=SUPPLIER))

        await letter(world, "sent", template="invoice-status")

    @pytest.mark.feature("CRM-18")
    async def test_are_left_out_of_a_digest_that_waited_when_they_were_switched_off(
        self, world: World
    ):
        await world.stage.hear(somebody(), rights("u-lea"))
        await told(world, a_fact(supplier=SUPPLIER))
        await told(world, a_fact("f-2", invoice="F-2"))
        digest = await gathered(world, 2)

        await world.stage.hear(switched("invoices"))
        await forced(world)
        await letter(world, "sent", _id=digest["_id"])

        text = world.post.taken[0].get_body(("plain",)).get_content()
        assert "F-2" in text
        assert "F-1" not in text
