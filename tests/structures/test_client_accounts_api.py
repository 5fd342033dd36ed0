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
            ({"welcome": "yes"}, "/body/welcome"),
            ({"permissions": {"support": "off"}}, "/body/permissions/support"),
        ],
    )
    async def test_names_the_field_that_is_wrong(self, shop: Shop, but: Any, pointer: str):
        refused = await shop.open(**but)

        assert refused.status_code == 422
        assert pointers(refused) == [pointer]

    @pytest.mark.feature("CRM-01")
    async def test_rests_on_both_being_active_as_it_is_kept(self, shop: Shop):
        await shop.account()
        structures = shop.world.service.mongo["structures"]
        for id in (shop.supplier, TOWN.structure_id):
            assert (await structures.find_one({"_id": id}))["relied_on"] == 1

    @pytest.mark.feature("CRM-15", "NOT-17")
    async def test_tells_of_a_welcome_only_if_it_is_wished(self, shop: Shop):
        await shop.proposed(welcome=True)
        assert (await shop.open(welcome=True)).status_code == 409

        [row] = [one for one in await shop.world.told() if "welcomed" in one["type"]]
        assert b'"recipient_id":"u-ana"' in row["data"]

    @pytest.mark.feature("CRM-15", "NOT-17")
    async def test_welcomes_nobody_otherwise(self, shop: Shop):
        await shop.proposed()

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


class TestConsent:
    async def portals(self, shop: Shop, user: str) -> list[str]:
        found = (await shop.by(user).get(f"{ACCOUNTS}/portals")).json()["items"]
        return [one["consent"] for one in found]

    async def statuses(self, shop: Shop) -> list[int]:
        """Of what the supplier would do with the people of its client."""
        lea = shop.by()
        answers = (
            await lea.get(f"{shop.path}/users"),
            await lea.put(f"{shop.path}/users/u-ana", json={}),
            await lea.post(f"{shop.path}/messages", json={"text": "Bonjour"}),
            await lea.get(f"{shop.path}/messages"),
        )
        return [one.status_code for one in answers]

    async def test_comes_before_anybody_there_is_seen_or_written_to(self, shop: Shop):
        await shop.proposed()

        assert await self.statuses(shop) == [403] * 4
        refused = await shop.by().get(f"{shop.path}/users")
        assert refused.json()["type"] == "/problems/not-accepted-by-client"
        assert "u-ana" not in refused.text
        question = await shop.by("u-ana").post(f"{shop.path}/messages", json={"text": "Qui ?"})
        assert question.status_code == 403
        assert (await shop.answer("acceptance")).status_code == 200
        assert await self.statuses(shop) == [200, 200, 201, 200]

    async def test_comes_before_it_is_told_whether_somebody_is_a_user_there(self, shop: Shop):
        await shop.proposed()
        path = f"{shop.path}/order-checks"

        for user in ("u-ana", "u-zoe"):
            order = {"order_number": "C-7", "ordered_by": user}
            assert pointers(await shop.by().post(path, json=order)) == ["/body/ordered_by"]

    async def test_is_not_needed_for_what_is_the_supplier_s_own(self, shop: Shop):
        await shop.proposed()

        assert (await shop.by().put(shop.path, json={"name": "Melun"})).status_code == 200
        assert (await shop.save(chorus=True)).status_code == 200
        assert (await shop.fact()).status_code == 204

    async def test_is_asked_of_the_managers_of_the_client(self, shop: Shop):
        await shop.proposed()
        await attached(shop.world, "u-bob", TOWN.structure_id)

        assert await self.portals(shop, "u-ana") == ["proposed"]
        [portal] = (await shop.by("u-ana").get(f"{ACCOUNTS}/portals")).json()["items"]
        assert (portal["features"], portal["notifications"]) == ([], [])
        assert await self.portals(shop, "u-bob") == []
        for what in ("acceptance", "refusal"):
            assert (await shop.answer(what, by="u-bob")).status_code == 403
            assert (await shop.answer(what, by="u-lea")).status_code == 403
            assert (await shop.answer(what, by="u-zoe")).status_code == 404
            desk = shop.by("u-desk", operator=True)
            assert (await desk.put(f"{shop.path}/{what}")).status_code == 403

    async def test_is_answered_with_its_history_once_however_often(self, shop: Shop):
        await shop.proposed()

        first, again = [await shop.answer("acceptance") for _ in range(2)]

        assert first.json() == again.json()
        [answer] = first.json()["answers"]
        assert (answer["verdict"], answer["by"]) == ("accepted", "u-ana")
        assert (await shop.by("u-ana").get(f"{shop.path}/consent")).json() == first.json()
        assert (await shop.by().get(f"{shop.path}/consent")).status_code == 403
        told = [one["type"] for one in await shop.world.told()]
        assert told.count("structures.client-account-accepted.v1") == 1
        assert await self.portals(shop, "u-ana") == ["accepted"]
        assert (await shop.read())["consent"] == "accepted"

    @pytest.mark.parametrize("accepted", [False, True])
    async def test_refused_hides_the_account_and_ends_all_writing(self, shop: Shop, accepted: bool):
        await (shop.account() if accepted else shop.proposed())

        assert (await shop.answer("refusal")).json()["consent"] == "refused"

        assert await self.portals(shop, "u-ana") == []
        assert await self.statuses(shop) == [403] * 4
        assert (await shop.by().put(shop.path, json={"name": "Melun"})).status_code == 409
        assert (await shop.save(chorus=True)).status_code == 409
        assert (await shop.open(welcome=True)).status_code == 409
        assert (await shop.read())["consent"] == "refused"

    async def test_was_given_where_an_account_says_nothing_of_it(self, shop: Shop):
        await shop.proposed()
        kept = shop.world.service.mongo["client-accounts"]
        await kept.update_many({}, {"$unset": {"consent": "", "answers": ""}})

        assert await self.portals(shop, "u-ana") == ["accepted"]
        assert await self.statuses(shop) == [200, 200, 201, 200]


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

    @pytest.mark.parametrize("said", ["yes", "off", 1])
    async def test_are_true_or_false(self, shop: Shop, said: Any):
        await shop.account()

        assert pointers(await shop.save(chorus=said)) == ["/body/chorus"]
        saved = await shop.save(orders=OFF | {"validation_history": said})
        assert pointers(saved) == ["/body/orders/validation_history"]
        assert pointers(await shop.save(apply_to_existing=said)) == ["/body/apply_to_existing"]

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

    @pytest.mark.feature("CRM-02", "CRM-18")
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

    async def test_are_saved_back_as_they_were_read(self, shop: Shop):
        await shop.account(permissions={"support": False})
        path, lea = f"{shop.path}/users/u-ana", shop.by()
        read = await lea.get(path)
        [row] = (await shop.read("/users"))["items"]
        row["notifications"]["tickets"] = False

        saved = await lea.put(path, json=row, headers={"If-Match": read.headers["etag"]})
        late = await lea.put(path, json=row, headers={"If-Match": read.headers["etag"]})
        await lea.put(shop.path, json={"name": "Melun"})

        assert read.json()["permissions"]["support"]
        assert "support" not in read.json()["features"]
        assert (saved.status_code, late.status_code) == (200, 412)
        then = await lea.get(path)
        assert then.headers["etag"] == saved.headers["etag"]
        assert "support" in then.json()["features"]
        assert not then.json()["notifications"]["tickets"]
        [portal] = (await shop.by("u-ana").get(f"{ACCOUNTS}/portals")).json()["items"]
        assert portal["features"] == then.json()["features"]
        assert (await lea.get(f"{shop.path}/users/u-zoe")).status_code == 404

    async def test_are_told_of_what_is_closed_to_one_of_them(self, shop: Shop):
        await shop.account()
        off = {"permissions": {"support": False}}
        for _ in range(2):
            await shop.by().put(f"{shop.path}/users/u-ana", json=off)

        told = [row for row in await shop.world.told() if "contact" in row["type"]]
        assert [row["key"] for row in told] == [f"{shop.id}:u-ana"]
        assert b'"user_id":"u-ana"' in told[0]["data"]

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
