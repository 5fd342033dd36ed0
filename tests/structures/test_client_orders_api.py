"""What structures answers to systems that order from, or invoice, a supplier's clients."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from services.structures.api.client_billing import defaults_of
from services.structures.settings import StructuresSettings
from tests.conftest import settings_for
from tests.structures.client_builders import an_account
from tests.structures.conftest import World
from tests.structures.shop import (
    ACCOUNTS,
    EVENT,
    FACTS,
    OFF,
    REQUIRED,
    TOWN,
    Shop,
    a_shop,
    attached,
)
from tests.structures.test_api import OTHERS, created, pointers

MELUN = {"line": "16 RUE PAUL DOUMER", "postcode": "77000", "city": "MELUN", "country": "France"}
DEPOT = MELUN | {"line": "2 QUAI DE LA COURTILLE"}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(world: World) -> Shop:
    return await a_shop(world)


class TestOrderChecks:
    @pytest.mark.feature("CLI-06", "CLI-07")
    async def test_refuse_an_order_without_its_engagement_number(self, shop: Shop):
        await shop.account()
        path, order = f"{shop.path}/order-checks", {"order_number": "C-7"}
        erp = shop.system("orders:check")

        assert (await erp.post(path, json=order)).status_code == 200
        await shop.save(chorus=True, orders=REQUIRED)
        for number in ({}, {"engagement_number": " "}):
            refused = await erp.post(path, json=order | number)
            assert refused.json()["type"] == "/problems/engagement-number-missing"
            assert pointers(refused) == ["/body/engagement_number"]
        given = await erp.post(path, json=order | {"engagement_number": "2026-E-1"})
        assert given.json()["footer"]["engagement_number"] == "2026-E-1"
        assert (await erp.get(path)).json()["items"] == []
        assert (await shop.by("u-sam").post(path, json=order)).status_code == 422
        assert (await shop.by("u-ana").post(path, json=order)).status_code == 403
        assert (await shop.system("structures:read").post(path, json=order)).status_code == 403

    @pytest.mark.feature("CLI-09")
    async def test_keep_their_history_when_it_is_wished_refusals_too(self, shop: Shop):
        await shop.account()
        await shop.save(orders=REQUIRED | {"validation_history": True})
        path, erp = f"{shop.path}/order-checks", shop.system("orders:check")
        key = {"Idempotency-Key": "once"}

        for _ in range(2):
            refused = await erp.post(path, json={"order_number": "C-7"}, headers=key)
            assert refused.status_code == 422
        await asyncio.sleep(0.002)
        order = {"order_number": "C-7", "engagement_number": "E-1"}
        checked = await shop.by("u-sam").post(path, json=order)
        await shop.by("u-sam").post(path, json=order | {"order_number": "C-8"})

        assert checked.json()["footer"]["validation_history"]
        history = await shop.read("/order-checks", order_number="C-7")
        found = {(one["checked_by"], one["result"]) for one in history["items"]}
        assert found == {("u-sam", "validated"), ("client:erp", "refused")}
        assert len(history["items"]) == 2
        assert history["items"][0]["checked_at"]

    @pytest.mark.feature("STR-55")
    async def test_refuse_every_order_while_one_of_both_is_inactive(self, shop: Shop):
        await shop.account()
        await shop.save(orders=OFF | {"validation_history": True})
        path, order = f"{shop.path}/order-checks", {"order_number": "C-7"}
        ends = f"/v1/structures/{TOWN.structure_id}/deactivation"
        assert (await shop.by("u-ana").put(ends)).status_code == 200

        refused = await shop.system("orders:check").post(path, json=order)

        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/structure-inactive"
        [kept] = (await shop.read("/order-checks"))["items"]
        assert (kept["result"], kept["reason"]) == ("refused", "structure_inactive")

    @pytest.mark.feature("CLI-10", "CLI-11")
    async def test_record_the_subtotal_for_those_who_have_that_property(self, shop: Shop):
        await shop.account()
        await asyncio.sleep(0.002)
        await shop.save(orders=OFF | {"offer_subtotal": True})
        await attached(shop.world, "u-new", TOWN.structure_id)

        async def footer(**by: str) -> Any:
            order = {"order_number": "C-7", "offer_subtotal": "1200.50"} | by
            checked = await shop.system("orders:check").post(
                f"{shop.path}/order-checks", json=order
            )
            return checked.json()["footer"]["offer_subtotal"]

        assert await footer() == "1200.50"
        assert await footer(ordered_by="u-new") == "1200.50"
        assert await footer(ordered_by="u-ana") is None
        stranger = {"order_number": "C-7", "ordered_by": "u-zoe"}
        refused = await shop.by("u-sam").post(f"{shop.path}/order-checks", json=stranger)
        assert pointers(refused) == ["/body/ordered_by"]


class TestDocumentDefaults:
    @pytest.mark.feature("CRM-05", "CRM-06", "CRM-09", "CRM-12")
    async def test_are_all_that_an_invoice_begins_with(self, shop: Shop):
        await shop.account(billing=MELUN, currency="USD", language="de")

        erp = shop.system("client-accounts:read")
        first = (await erp.get(f"{shop.path}/document-defaults")).json()
        await shop.by().put(shop.path, json={"name": "Melun", "billing": MELUN, "shipping": DEPOT})
        then = await shop.read("/document-defaults")

        assert (first["billing"]["line"], first["shipping"]) == (MELUN["line"], first["billing"])
        assert (first["currency"], first["language"], first["pdf_language"]) == ("USD", "de", "fr")
        assert (then["currency"], then["language"]) == ("EUR", "fr")
        assert then["shipping"]["line"] == DEPOT["line"]

    @pytest.mark.feature("CRM-13")
    @pytest.mark.parametrize(("setting", "language"), [(True, "de"), (False, "fr")])
    async def test_are_in_the_client_s_language_where_the_setting_says_so(
        self, setting: bool, language: str
    ):
        settings = settings_for("", documents_in_client_language=setting)
        account = an_account(record={"language": "de"})

        found = defaults_of(account, StructuresSettings(**settings))

        assert (found.language, found.pdf_language) == ("de", language)


class TestFacts:
    @pytest.mark.feature("CRM-07", "CRM-08")
    async def test_sum_up_by_group(self, shop: Shop):
        other = await created(shop.world, "u-omar", value=OTHERS[1])
        await shop.account(structure_id=other)
        await shop.fact("f-0", kind="payment", amount="0.10")
        await shop.account(groups=["Écoles", "Sud"])
        for _ in range(3):
            assert (await shop.fact()).status_code == 204
        await shop.fact("f-2", amount="0.50")
        await shop.fact("f-3", kind="estimate", amount="7")

        report = await shop.by().get(
            f"{ACCOUNTS}/group-report", params={"supplier_id": shop.supplier}
        )

        sums = [
            (one["group"], one["clients"], one["invoiced"], one["estimated"], one["paid"])
            for one in report.json()["items"]
        ]
        assert sums == [
            ("Sud", 1, "100.50", "7", "0"),
            ("Écoles", 1, "100.50", "7", "0"),
            (None, 1, "0", "0", "0.10"),
        ]

    @pytest.mark.feature("CRM-08")
    async def test_sum_up_each_currency_apart(self, shop: Shop):
        dollars = await created(shop.world, "u-omar", value=OTHERS[1])
        await shop.account(structure_id=dollars, currency="USD", groups=["Nord"])
        await shop.fact("f-0", currency="USD", amount="900")
        await shop.account(groups=["Écoles", "Sud"])
        await shop.fact("f-1", amount="100")
        francs = await created(shop.world, "u-omar", value=OTHERS[2])
        await shop.account(structure_id=francs, currency="CHF")
        more = await created(shop.world, "u-omar", value=OTHERS[3])
        await shop.account(structure_id=more, groups=["Est"])
        await shop.fact("f-2", amount="950")

        report = await shop.by().get(
            f"{ACCOUNTS}/group-report", params={"supplier_id": shop.supplier}
        )

        rows = [(one["currency"], one["group"], one["invoiced"]) for one in report.json()["items"]]
        assert rows == [
            ("CHF", None, "0"),
            ("EUR", "Est", "950"),
            ("EUR", "Sud", "100"),
            ("EUR", "Écoles", "100"),
            ("USD", "Nord", "900"),
        ]

    @pytest.mark.feature("CRM-10")
    async def test_and_a_change_of_currency_at_once_never_end_apart(self, shop: Shop):
        await shop.account()

        for _ in range(3):
            fact, change = await asyncio.gather(
                shop.fact(), shop.by().put(shop.path, json={"name": "M", "currency": "USD"})
            )
            read = await shop.read()
            assert (fact.status_code, change.status_code) in {(204, 409), (409, 200)}
            assert read["currency"] == ("EUR" if fact.status_code == 204 else "USD")
            assert read["currency_fixed"] == (fact.status_code == 204)
        kept = await shop.world.service.mongo["facts"].find().to_list(None)
        assert {one["transaction"]["currency"] for one in kept} <= {read["currency"]}

    async def test_are_refused_with_the_field_that_is_wrong(self, shop: Shop):
        await shop.account()
        elsewhere = shop.system("facts:write", structures=frozenset({"another"}))

        for answer, pointer in (
            (await shop.fact(client_account="0" * 32), "/body/data/client_account"),
            (await shop.fact(by=elsewhere), "/body/data/client_account"),
            (await shop.fact(amount="1e3"), "/body/data/amount"),
            (await shop.fact(kind="gift"), "/body/data/kind"),
            (await shop.fact(currency="euro"), "/body/data/currency"),
        ):
            assert pointers(answer) == [pointer]
            assert answer.status_code == 422

    async def test_are_cloud_events_of_known_types_from_systems(self, shop: Shop):
        await shop.account()
        unknown = {"specversion": "1.0", "id": "1", "source": "/a", "type": "other.v1", "data": {}}
        erp = shop.system("facts:write")

        refused = await erp.post(FACTS, json=unknown, headers=EVENT)
        assert "/body/type" in pointers(refused)
        assert (await erp.post(FACTS, json=unknown)).status_code == 415
        assert (await shop.fact(by=shop.by())).status_code == 403
        assert (await shop.fact(by=shop.system("structures:read"))).status_code == 403
        assert (await shop.fact(by=shop.world.calls())).status_code == 401

    async def test_that_contradict_themselves_are_refused(self, shop: Shop):
        await shop.account()
        await shop.fact()

        other = await shop.fact(amount="101.00")

        assert (other.status_code, pointers(other)) == (409, ["/body/id"])
