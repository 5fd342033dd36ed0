"""What structures answers about client accounts, over HTTP."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response

from kit.change import Change
from kit.clock import now
from services.structures.api.client_billing import defaults_of
from services.structures.domain import structures as domain
from services.structures.domain.structures import Structure
from services.structures.identifiers import Identifier
from services.structures.settings import StructuresSettings
from tests.conftest import settings_for
from tests.structures.conftest import World, rights
from tests.structures.test_api import OTHERS, created, pointers
from tests.structures.test_clients_domain import an_account

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNTS, PROFILES, FACTS = "/v1/client-accounts", "/v1/client-profiles", "/v1/facts"
TOWN = Identifier("SIRET", OTHERS[0])
MELUN = {"line": "16 RUE PAUL DOUMER", "postcode": "77000", "city": "MELUN"}
DEPOT = {"line": "2 QUAI DE LA COURTILLE", "postcode": "77000", "city": "MELUN"}
EVENT = {"content-type": "application/cloudevents+json"}
OFF = {"engagement_number_required": False, "validation_history": False, "offer_subtotal": False}
REQUIRED = OFF | {"engagement_number_required": True}


class Shop:
    """Léa manages a supplier where Sam works; Ana manages a town, her client; Zoé is a stranger."""

    def __init__(self, world: World, supplier: str) -> None:
        self.world, self.supplier = world, supplier
        self.id = self.path = ""

    def by(self, user: str = "u-lea", **but: Any) -> AsyncClient:
        return self.world.calls(user, **but)

    def system(self, *scopes: str, **but: Any) -> AsyncClient:
        return self.world.calls(client_id="erp", scopes=frozenset(scopes), **but)

    async def open(self, **but: Any) -> Response:
        asked = {"supplier_id": self.supplier, "structure_id": TOWN.structure_id} | but
        return await self.by().post(ACCOUNTS, json=asked)

    async def account(self, **but: Any) -> dict[str, Any]:
        opened = await self.open(**but)
        assert opened.status_code == 201, opened.text
        self.id = opened.json()["id"]
        self.path = f"{ACCOUNTS}/{self.id}"
        return dict(opened.json())

    async def save(self, **but: Any) -> Response:
        asked = {"chorus": False, "orders": OFF} | but
        return await self.by().put(f"{self.path}/properties", json=asked)

    async def fact(self, id: str = "f-1", by: AsyncClient | None = None, **but: Any) -> Response:
        said = {"client_account": self.id, "kind": "invoice", "amount": "100.00"}
        told = {
            "specversion": "1.0",
            "id": id,
            "source": "https://erp.example/invoices",
            "type": "invoicing.transaction-recorded.v1",
            "data": said | {"currency": "EUR", "date": "2026-01-05"} | but,
        }
        teller = by or self.system("facts:write")
        return await teller.post(FACTS, json=told, headers=EVENT)

    async def read(self, what: str = "", **params: Any) -> dict[str, Any]:
        answer = await self.by().get(self.path + what, params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def attached(world: World, user: str, structure: str, **but: Any) -> None:
    for _ in range(2):
        await world.hears(rights(user, structure, **but))


@pytest_asyncio.fixture(loop_scope="module")
async def shop(world: World) -> Shop:
    supplier = await created(world)
    town: Structure | None = domain.import_one(
        None, identifier=TOWN, legal_name="Ville de Melun", now=now()
    ).state
    assert town
    [structures] = [one for one in world.service.collections if one.name == "structures"]
    await structures.change(town.id, lambda _: Change(town))
    await attached(world, "u-lea", supplier, role="principal_manager")
    await attached(world, "u-sam", supplier)
    await attached(world, "u-ana", town.id, role="principal_manager")
    await world.service.journal.rows.delete_many({})
    return Shop(world, supplier)


class TestOpen:
    @pytest.mark.feature("CRM-01", "CRM-17", "CLI-01")
    async def test_makes_an_account_that_is_found_by_name_and_reference(self, shop: Shop):
        opened = await shop.account()

        assert (opened["name"], opened["chorus"]) == ("Ville de Melun", "off")
        assert len(opened["reference"]) == 5
        for q in ("", "mel", "ville melun", opened["reference"], opened["reference"][:3]):
            found = await shop.by().get(ACCOUNTS, params={"supplier_id": shop.supplier, "q": q})
            assert [one["id"] for one in found.json()["items"]] == [shop.id], q
        none = await shop.by().get(ACCOUNTS, params={"supplier_id": shop.supplier, "q": "elun.*"})
        assert none.json()["items"] == []

    async def test_by_many_at_once_makes_one(self, shop: Shop):
        answers = await asyncio.gather(*(shop.open() for _ in range(5)))

        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409]

    @pytest.mark.feature("CRM-14", "CRM-17")
    @pytest.mark.parametrize(
        ("but", "pointer"),
        [
            ({"structure_id": None}, "/body/structure_id"),
            ({"structure_id": "0" * 32}, "/body/structure_id"),
            ({"billing": {"line": "1 RUE"}}, "/body/billing/city"),
            ({"currency": "FRF"}, "/body/currency"),
            ({"language": "zz"}, "/body/language"),
            ({"permissions": {"kitchen": True}}, "/body/permissions/kitchen"),
            ({"name": "Melun\u0007"}, "/body/name"),
            ({"groups": [" "]}, "/body/groups/0"),
        ],
    )
    async def test_names_the_field_that_is_wrong(self, shop: Shop, but: Any, pointer: str):
        refused = await shop.open(**but)

        assert refused.status_code == 422
        assert pointers(refused) == [pointer]

    @pytest.mark.feature("CRM-15")
    async def test_tells_of_a_welcome_only_if_it_is_wished(self, shop: Shop):
        await shop.account(welcome=True)

        [row] = [one for one in await shop.world.told() if "welcomed" in one["type"]]
        assert b'"recipient_id":"u-ana"' in row["data"]

    @pytest.mark.feature("CRM-15")
    async def test_welcomes_nobody_otherwise(self, shop: Shop):
        await shop.account()

        told = [one["type"] for one in await shop.world.told()]
        assert told == ["structures.client-account-opened.v1"]

    async def test_hides_a_structure_that_is_not_to_be_known(self, shop: Shop):
        body = {
            "identifier": {"type": "PARTICULIER", "value": "1990193160BONJEAN"},
            "last_name": "Bonjean",
            "first_name": "Ana",
        }
        person = await shop.by("u-ana").post("/v1/structures", json=body)

        refused = await shop.open(structure_id=person.json()["id"], name="Bonjean")

        assert refused.json()["type"] == "/problems/client-unknown"


class TestWho:
    @pytest.mark.feature("CLI-16")
    async def test_may_change_an_account(self, shop: Shop):
        await shop.account()
        properties = {"chorus": True, "orders": REQUIRED}

        async def status(caller: AsyncClient) -> int:
            return (await caller.put(f"{shop.path}/properties", json=properties)).status_code

        assert await status(shop.by("u-sam")) == 403
        assert await status(shop.by("u-ana")) == 403
        assert await status(shop.by("u-desk", operator=True)) == 403
        assert await status(shop.system("client-accounts:read")) == 403
        assert await status(shop.by("u-zoe")) == 404
        assert await status(shop.by()) == 200

    async def test_may_read_one(self, shop: Shop):
        await shop.account()

        async def status(caller: AsyncClient) -> int:
            return (await caller.get(shop.path)).status_code

        assert await status(shop.by("u-sam")) == 200
        assert await status(shop.by("u-desk", operator=True)) == 200
        assert await status(shop.by("u-ana")) == 403
        assert await status(shop.by("u-zoe")) == 404
        reads = frozenset({"client-accounts:read"})
        assert await status(shop.system(*reads)) == 200
        assert await status(shop.system(*reads, structures=frozenset({shop.supplier}))) == 200
        assert await status(shop.system(*reads, structures=frozenset({TOWN.structure_id}))) == 404
        assert await status(shop.system("structures:read")) == 403

    @pytest.mark.parametrize("path", [ACCOUNTS, PROFILES, f"{ACCOUNTS}/group-report"])
    async def test_may_list_what_a_supplier_has(self, shop: Shop, path: str):
        ask = {"supplier_id": shop.supplier}

        assert (await shop.by().get(path, params=ask)).status_code == 200
        assert (await shop.by("u-ana").get(path, params=ask)).status_code == 403
        nobodys = await shop.by("u-zoe").get(path, params={"supplier_id": "0" * 32})
        assert nobodys.status_code == 403

    async def test_ends_with_the_rights(self, shop: Shop):
        await shop.account()
        await attached(shop.world, "u-lea", shop.supplier, role=None, version=2)

        assert (await shop.save()).status_code == 404


class TestProperties:
    @pytest.mark.feature("CLI-03", "CLI-04", "CLI-05", "CLI-08")
    async def test_are_saved_all_at_once(self, shop: Shop):
        await shop.account()

        half = await shop.save(chorus=True)
        whole = await shop.save(chorus=True, orders=REQUIRED)

        assert half.json()["chorus"] == "incomplete"
        assert whole.json()["chorus"] == "active"
        assert (await shop.read())["properties"] == {"chorus": True, "orders": REQUIRED}

    @pytest.mark.feature("CLI-08")
    async def test_are_not_saved_in_part(self, shop: Shop):
        await shop.account()

        refused = await shop.save(chorus=True, orders={"validation_history": True})

        assert "/body/orders/engagement_number_required" in pointers(refused)
        assert (await shop.read())["chorus"] == "off"

    async def test_are_not_saved_over_what_somebody_else_saved(self, shop: Shop):
        await shop.account()
        await shop.save(chorus=True)
        stale = {"If-Match": '"1"'}

        for what, body in (
            ("/properties", {"chorus": False, "orders": OFF}),
            ("", {"name": "Melun"}),
        ):
            late = await shop.by().put(shop.path + what, json=body, headers=stale)
            assert late.status_code == 412

    @pytest.mark.feature("CLI-17")
    async def test_of_chorus_are_for_public_bodies(self, shop: Shop):
        private = await created(shop.world, "u-omar", value=OTHERS[1])
        await shop.account(structure_id=private)

        assert pointers(await shop.save(chorus=True)) == ["/body/chorus"]

    @pytest.mark.feature("CLI-13")
    async def test_are_shown_as_a_profile_would_make_them_and_not_saved(self, shop: Shop):
        await shop.account()
        kept = await shop.by().post(
            PROFILES,
            json={
                "supplier_id": shop.supplier,
                "name": "Collectivité",
                "chorus": True,
                "engagement_number_required": True,
            },
        )
        profile = kept.json()["id"]

        shown = await shop.by().post(f"{shop.path}/profile-loads", json={"profile_id": profile})

        assert shown.json() == {"chorus": True, "orders": REQUIRED}
        assert (await shop.read())["chorus"] == "off"
        path = f"{PROFILES}/{profile}"
        assert (await shop.by("u-sam").get(path)).status_code == 403
        assert (await shop.by("u-zoe").get(path)).status_code == 404
        renamed = await shop.by().put(path, json={"name": "Mairie"}, headers={"If-Match": '"1"'})
        assert (renamed.json()["name"], renamed.json()["chorus"]) == ("Mairie", None)
        assert (await shop.by().delete(path)).status_code == 204
        gone = await shop.by().post(f"{shop.path}/profile-loads", json={"profile_id": profile})
        assert pointers(gone) == ["/body/profile_id"]


class TestUsers:
    async def subtotals(self, shop: Shop) -> dict[str, bool]:
        return {
            one["user_id"]: one["offer_subtotal"] for one in (await shop.read("/users"))["items"]
        }

    @pytest.mark.feature("CLI-11", "CLI-12", "CLI-15")
    async def test_attached_later_begin_with_the_defaults(self, shop: Shop):
        await shop.account()
        await asyncio.sleep(0.002)
        await shop.save(orders=OFF | {"offer_subtotal": True})
        await attached(shop.world, "u-new", TOWN.structure_id)
        await attached(shop.world, "u-gone", TOWN.structure_id, role=None)

        assert await self.subtotals(shop) == {"u-ana": False, "u-new": True}
        await shop.save(orders=OFF | {"offer_subtotal": True}, apply_to_existing=True)
        assert await self.subtotals(shop) == {"u-ana": True, "u-new": True}

    @pytest.mark.feature("CRM-18", "CRM-02")
    async def test_have_switches_of_their_own_within_what_is_open(self, shop: Shop):
        await shop.account(permissions={"support": False})
        path = f"{shop.path}/users/u-ana"
        off = {"permissions": {"orders": False}, "notifications": {"tickets": False}}

        saved = await shop.by().put(path, json=off)
        again = await shop.by().put(path, json=off, headers={"If-Match": saved.headers["etag"]})

        assert again.json() == saved.json()
        [portal] = (await shop.by("u-ana").get(f"{ACCOUNTS}/portals")).json()["items"]
        assert {"support", "orders"}.isdisjoint(portal["features"])
        assert "invoices" in portal["features"]
        assert "tickets" not in portal["notifications"]
        assert (await shop.by().put(f"{shop.path}/users/u-zoe", json=off)).status_code == 404
        wrong = await shop.by().put(path, json={"permissions": {"kitchen": True}})
        assert pointers(wrong) == ["/body/permissions/kitchen"]
        assert (await shop.by("u-zoe").get(f"{ACCOUNTS}/portals")).json()["items"] == []

    @pytest.mark.feature("CRM-02")
    async def test_may_be_given_what_there_is(self, shop: Shop):
        listed = (await shop.by().get(f"{ACCOUNTS}/portal-features")).json()

        assert {"code": "support", "label": "Support"} in listed["features"]

    @pytest.mark.feature("CRM-11")
    async def test_see_the_portal_in_the_client_s_language(self, shop: Shop):
        async def language() -> str:
            [portal] = (await shop.by("u-ana").get(f"{ACCOUNTS}/portals")).json()["items"]
            return str(portal["language"])

        await shop.account()
        assert await language() == "fr"
        await shop.by().put(shop.path, json={"name": "Melun", "language": "de"})
        assert await language() == "de"


class TestMessages:
    @pytest.mark.feature("CLI-14")
    async def test_go_between_administrators_and_client(self, shop: Shop):
        await shop.account()
        path = f"{shop.path}/messages"

        for user, text in (("u-lea", "Bonjour"), ("u-ana", "Bonjour à vous")):
            sent = await shop.by(user).post(path, json={"text": text})
            assert sent.status_code == 201, sent.text
            await asyncio.sleep(0.002)

        first = (await shop.by("u-ana").get(path, params={"size": 1})).json()
        rest = (await shop.by().get(path, params={"cursor": first["next"]})).json()
        shown = [(one["side"], one["text"]) for one in (*first["items"], *rest["items"])]
        assert shown == [("client", "Bonjour à vous"), ("supplier", "Bonjour")]
        assert (await shop.by("u-sam").get(path)).status_code == 403
        assert (await shop.by("u-zoe").get(path)).status_code == 404
        assert pointers(await shop.by().post(path, json={"text": " "})) == ["/body/text"]


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
