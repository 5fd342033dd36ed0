"""What structures answers about client accounts and their people, over HTTP."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from httpx import AsyncClient

from tests.structures.conftest import World
from tests.structures.shop import ACCOUNTS, OFF, PROFILES, REQUIRED, TOWN, Shop, a_shop, attached
from tests.structures.test_api import OTHERS, created, pointers

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def shop(world: World) -> Shop:
    return await a_shop(world)


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
            ({"billing": "16 RUE PAUL DOUMER"}, "/body/billing"),
            ({"currency": "FRF"}, "/body/currency"),
            ({"language": "zz"}, "/body/language"),
            ({"permissions": {"kitchen": True}}, "/body/permissions/kitchen"),
            ({"name": "Melun\u0007"}, "/body/name"),
            ({"groups": [" "]}, "/body/groups/0"),
            ({"reference": "10001"}, "/body/reference"),
            ({"chorus": "active"}, "/body/chorus"),
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
        more = {"supplier_id": shop.supplier, "name": "Collectivité", "id": profile}
        assert pointers(await shop.by().post(PROFILES, json=more)) == ["/body/id"]

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
