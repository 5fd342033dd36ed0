"""The life of a structure over HTTP: who may change what, and what others are told of it."""

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from contracts.users import Habilitation
from kit.clock import now
from services.structures.domain.changes import Asked, modify
from services.structures.records import Records
from tests.structures.builders import SIRET, a_period, a_unit, an_answer
from tests.structures.conftest import UNKNOWN, Insee, World, rights
from tests.structures.living import (
    ACME,
    ADDRESS,
    BONJEAN,
    EDI,
    FLAGS,
    STRUCTURES,
    TOWN_HALL,
    changed,
    imported,
    made,
    pointers,
    record,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestCreate:
    @pytest.mark.feature("STR-24", "STR-25", "STR-56")
    async def test_answers_all_that_was_said(self, world: World):
        said = {
            "label": "Siège",
            "rcs_number": "RCS NANTES 1",
            "vat_number": "DE 136 695 976",
            "email": "me@example.org",
            "phone": "+33 1 02 03 04 05",
            "address": ADDRESS | {"complements": ["BATIMENT B"]},
            "justice_regime": "independent",
            "billing_mandates": ["M-1", "M-2"],
        }

        answer = await world.calls("u-lea").post(STRUCTURES, json=ACME | said)

        assert answer.status_code == 201, answer.text
        assert answer.json().items() >= (said | {"vat_number": "DE136695976"}).items()
        assert answer.json()["principal_manager_id"] == "u-lea"
        assert await record(world, answer.headers["location"]) == answer.json()

    @pytest.mark.feature("STR-25", "STR-26")
    async def test_takes_no_address_that_is_not_whole_or_that_insee_gives(self, world: World):
        lea = world.calls("u-lea")

        partly = ACME | {"address": {"line": "2 QUAI DU PORT", "country": "France"}}
        refused = await lea.post(STRUCTURES, json=partly)
        assert pointers(refused) == ["/body/address/postcode", "/body/address/city"]
        siret = {"identifier": {"type": "SIRET", "value": SIRET.value}, "address": ADDRESS}
        assert pointers(await lea.post(STRUCTURES, json=siret)) == ["/body/address"]


class TestModify:
    @pytest.mark.feature("STR-20", "STR-27", "STR-30")
    async def test_answers_the_record_as_it_was_kept(self, world: World):
        path = await made(world)
        said = {"email": "new@example.org", "label": " Siège ", "billing_mandates": ["M-1"]}

        answer = await world.calls("u-lea").patch(path, json=said)

        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        shown = answer.json()
        assert (shown["email"], shown["label"]) == ("new@example.org", "Siège")
        assert shown["billing_mandates"] == ["M-1"]
        assert shown == await record(world, path)
        again = await world.calls("u-lea").patch(path, json=said)
        assert (again.status_code, again.headers["etag"]) == (200, '"2"')

    @pytest.mark.feature("STR-20", "STR-26", "STR-28", "STR-29", "STR-30")
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("status", "inactive"),
            ("principal_manager_id", "u-omar"),
            ("identifier", {"type": "SIRET", "value": SIRET.value}),
            ("kind", "public"),
            ("address", ADDRESS),
            ("legal_name", "Mine"),
            ("vat_number", "FR44732829320"),
            ("email", "not an address"),
            ("phone", "call me"),
            ("rcs_number", "\x00"),
            ("justice_category", "sorcery"),
            ("justice_regime", "neither"),
            ("billing_mandates", ["M-1", "M-1"]),
        ],
    )
    async def test_names_the_field_it_refuses_and_keeps_nothing(
        self, world: World, field: str, value: Any
    ):
        path = await made(world)
        before = await record(world, path)

        answer = await world.calls("u-lea").patch(path, json={"label": "Siège", field: value})

        assert pointers(answer) == [f"/body/{field}"]
        assert await record(world, path) == before

    @pytest.mark.feature("STR-25")
    @pytest.mark.parametrize("missing", ["line", "postcode", "city", "country"])
    async def test_takes_an_address_that_is_whole(self, world: World, missing: str):
        path, lea = await made(world, ACME), world.calls("u-lea")

        partly = {name: one for name, one in ADDRESS.items() if name != missing}
        refused = await lea.patch(path, json={"address": partly})
        assert pointers(refused) == [f"/body/address/{missing}"]
        blank = await lea.patch(path, json={"address": ADDRESS | {missing: " "}})
        assert pointers(blank) == [f"/body/address/{missing}"]
        more = {"complements": ["BATIMENT B", "BP 12"]}
        whole = await lea.patch(path, json={"address": ADDRESS | more, "phone": "+33 1 02 03 04"})
        assert (whole.status_code, whole.json()["address"]) == (200, ADDRESS | more)

    async def test_holds_to_the_version_that_was_read(self, world: World):
        path, lea = await made(world), world.calls("u-lea")

        kept = await lea.patch(path, json={"label": "Siège"}, headers={"if-match": '"1"'})
        late = await lea.patch(path, json={"email": "x@example.org"}, headers={"if-match": '"1"'})

        assert (kept.status_code, late.status_code) == (200, 412)

    @pytest.mark.feature("BNK-18", "STR-37")
    async def test_makes_no_provider_of_one_without_bank_details(self, world: World):
        path = await made(world)

        answer = await world.calls("u-lea").patch(path, json={"justice_category": "fire"})

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/bank-details-missing"


class TestWhoMay:
    WRITES = (
        ("PATCH", "", {"email": None}),
        ("PUT", "/edi-options", EDI),
        ("PUT", "/deactivation", None),
        ("PUT", "/activation", None),
        ("PUT", "/refresh", None),
        ("GET", "/history", None),
    )

    @pytest.mark.feature("STR-19", "STR-36")
    @pytest.mark.parametrize(("method", "sub", "body"), WRITES)
    async def test_is_who_manages_it(self, world: World, method: str, sub: str, body: Any):
        path = await made(world)
        id = path.rpartition("/")[2]
        await world.hears(rights("u-omar", id))
        modifies = Habilitation(application="organisation", level="modification")
        await world.hears(rights("u-ada", id, habilitations=(modifies,)))

        async def ask(user: str, **but: Any) -> int:
            by = world.calls(user, **but)
            return (await by.request(method, path + sub, json=body)).status_code

        assert await ask("") == 401
        assert await ask("u-stranger") == 403
        assert await ask("u-omar") == 403
        assert await ask("", client_id="c-1", scopes=frozenset({"structures:read"})) == 403
        assert await ask("u-desk", operator=True) == (403 if body else 200)
        assert await ask("u-ada") == 200
        before = await record(world, path)
        await world.hears(rights("u-lea", id, role=None))
        assert await ask("u-lea") == 403
        assert await record(world, path) | {"principal_manager_id": "u-lea"} == before

    @pytest.mark.parametrize(("method", "sub", "body"), WRITES)
    async def test_hides_a_person_from_strangers(
        self, world: World, method: str, sub: str, body: Any
    ):
        path = await made(world, BONJEAN)
        omar = world.calls("u-omar")

        assert (await omar.request(method, path + sub, json=body)).status_code == 404
        nobody = f"{STRUCTURES}/{'0' * 32}"
        assert (await omar.request(method, nobody + sub, json=body)).status_code == 404


class TestLife:
    @pytest.mark.feature("STR-21", "STR-23", "STR-48")
    async def test_is_deactivated_and_activated_again(self, world: World, insee: Insee):
        path, lea = await made(world), world.calls("u-lea")

        for _ in range(2):
            off = await lea.put(f"{path}/deactivation")
            assert (off.status_code, off.json()["status"]) == (200, "inactive")
        refused = await lea.patch(path, json={"email": None})
        assert refused.json()["type"] == "/problems/structure-inactive"
        assert (await record(world, path))["email"] == off.json()["email"]

        insee.says[SIRET.value] = 200, an_answer(periodesEtablissement=[a_period(state="F")])
        closed = await lea.put(f"{path}/activation")
        assert (closed.status_code, closed.json()["type"]) == (409, "/problems/closed-at-insee")
        insee.says[SIRET.value] = 404, UNKNOWN
        assert (await lea.put(f"{path}/activation")).status_code == 409
        insee.says[SIRET.value] = 503, {}
        assert (await lea.put(f"{path}/activation")).status_code == 503
        assert (await record(world, path))["status"] == "inactive"

        del insee.says[SIRET.value]
        for _ in range(2):
            on = await lea.put(f"{path}/activation")
            assert (on.status_code, on.json()["status"]) == (200, "active")
        assert await changed(world) == ["structures.structure-changed.v1"] * 2

    @pytest.mark.feature("STR-21")
    async def test_activates_one_that_never_was(self, world: World):
        path = f"{STRUCTURES}/{await imported(world, status='inactive')}"

        on = await world.calls("u-desk", operator=True).put(f"{path}/activation")

        assert (on.status_code, on.json()["status"]) == (200, "active")

    @pytest.mark.feature("STR-22")
    async def test_is_refreshed_from_insee(self, world: World, insee: Insee):
        path, lea = await made(world), world.calls("u-lea")
        await lea.patch(path, json={"email": "me@example.org", "justice_regime": "cosp"})
        await lea.put(f"{path}/edi-options", json=EDI)
        moved = an_answer()
        moved["etablissement"]["adresseEtablissement"]["libelleCommuneEtablissement"] = "REZE"
        insee.says[SIRET.value] = 200, moved

        shown = (await lea.put(f"{path}/refresh")).json()

        assert (shown["city"], shown["address"]["city"]) == ("REZE", "REZE")
        assert (shown["email"], shown["justice_regime"]) == ("me@example.org", "cosp")
        assert shown["edi"]["sends_flows"] is True
        ana = await lea.put(f"{await made(world, BONJEAN)}/refresh")
        assert (ana.status_code, ana.json()["type"]) == (409, "/problems/not-at-insee")

    @pytest.mark.feature("STR-03", "STR-33", "STR-34")
    async def test_sends_and_receives_as_one(self, world: World):
        path = await made(world)

        shown = (await world.calls("u-lea").put(f"{path}/edi-options", json=EDI)).json()

        assert shown["edi"] == EDI | {"connection_requested": False}
        body = {"identifier": {"type": "SIRET", "value": SIRET.value}}
        again = await world.calls("u-omar").post(STRUCTURES, json=body)
        assert again.status_code == 409

    @pytest.mark.feature("STR-41", "STR-42", "STR-43", "STR-44")
    async def test_public_ones_are_flagged_by_operators(self, world: World):
        flags = f"/v1/ops/structures/{await imported(world)}/flags"
        desk = world.calls("u-desk", operator=True)

        assert (await world.calls("u-lea").put(flags, json=FLAGS)).status_code == 403
        shown = (await desk.put(flags, json=FLAGS)).json()
        assert shown["flags"] == FLAGS | {"moa": True}
        card = await world.calls("u-lea").get(f"{STRUCTURES}/{TOWN_HALL.structure_id}")
        assert card.json()["requires"] == "unit_and_engagement"
        mine = (await made(world)).rpartition("/")[2]
        private = await desk.put(f"/v1/ops/structures/{mine}/flags", json=FLAGS)
        assert private.json()["type"] == "/problems/public-structures-only"

    @pytest.mark.feature("STR-31")
    async def test_wakes_when_the_time_of_a_change_has_come(self, world: World):
        path = await made(world)
        id, records = path.rpartition("/")[2], Records(world.service)
        asked = Asked(by="u-lea", at=now(), waits=timedelta(seconds=0.3))
        said = {"email": "new@example.org"}
        decide = partial(modify, said=said, bank_details=False, asked=asked)
        waking = asyncio.create_task(records.timer().run(world.service.committer))

        await records.change(id, decide, asked=asked)

        before = await record(world, path)
        assert before["email"] is None
        assert before["waiting"][0]["details"]["email"] == "new@example.org"
        async with asyncio.timeout(5):
            while (after := await record(world, path))["waiting"]:  # noqa: ASYNC110  # kept elsewhere
                await asyncio.sleep(0.05)
        waking.cancel()
        assert after["email"] == "new@example.org"
        [entry] = (await world.calls("u-lea").get(f"{path}/history")).json()["items"]
        assert (entry["by"], entry["at"] > entry["asked_at"]) == ("u-lea", True)


class TestHistory:
    async def test_tells_who_changed_what_newest_first_and_masks_addresses(self, world: World):
        path, lea = await made(world), world.calls("u-lea")
        await lea.patch(path, json={"email": "lea@example.org", "phone": "+33 1 02 03 04 05"})
        await lea.patch(path, json={"email": "louis@example.org"})
        await lea.patch(path, json={"email": "louis@example.org"})
        await world.calls("u-desk", operator=True).put(f"{path}/deactivation")

        first = (await lea.get(f"{path}/history", params={"size": 2})).json()
        rest = (await lea.get(f"{path}/history", params={"cursor": first["next"]})).json()

        told = [(one["by"], one["changes"]) for one in first["items"] + rest["items"]]
        assert told == [
            ("u-desk", [{"field": "status", "before": "active", "after": "inactive"}]),
            (
                "u-lea",
                [{"field": "email", "before": "l…@example.org", "after": "l…@example.org"}],
            ),
            (
                "u-lea",
                [
                    {"field": "email", "before": None, "after": "l…@example.org"},
                    {"field": "phone", "before": None, "after": "…05"},
                ],
            ),
        ]


class TestPrincipalManager:
    @pytest.mark.feature("STR-05", "STR-06")
    async def test_is_the_creator_until_users_says_who_it_is(self, world: World):
        path = await made(world)
        id = path.rpartition("/")[2]
        assert (await record(world, path))["principal_manager_id"] == "u-lea"

        await world.hears(rights("u-lea", id))
        assert (await record(world, path))["principal_manager_id"] is None
        principal = partial(rights, structure=id, role="principal_manager")
        await world.hears(principal("u-lea", version=2, valid_from=date(2026, 1, 1)))
        assert (await record(world, path))["principal_manager_id"] == "u-lea"

    @pytest.mark.feature("STR-06")
    async def test_is_one_while_a_transfer_is_half_heard(self, world: World):
        path = await made(world)
        principal = partial(rights, structure=path.rpartition("/")[2], role="principal_manager")
        await world.hears(principal("u-zoe", valid_from=date(2026, 1, 1)))
        await world.hears(principal("u-ada", valid_from=date(2026, 2, 1)))

        assert (await record(world, path))["principal_manager_id"] == "u-ada"

    @pytest.mark.feature("STR-06")
    async def test_is_nobody_where_nobody_came_yet(self, world: World):
        path = f"{STRUCTURES}/{await imported(world)}"
        assert (await record(world, path))["principal_manager_id"] is None


class TestNames:
    @pytest.mark.feature("STR-20")
    async def test_are_given_where_insee_has_none(self, world: World, insee: Insee):
        unit = a_unit(denominationUniteLegale=None)
        insee.says[SIRET.value] = (200, an_answer(siret=SIRET.value, uniteLegale=unit))
        body: dict[str, Any] = {"identifier": {"type": "SIRET", "value": SIRET.value}}

        refused = await world.calls("u-lea").post(STRUCTURES, json=body)
        assert pointers(refused) == ["/body/legal_name"]
        assert refused.json()["type"] == "/problems/name-missing"
        path = await made(world, body | {"legal_name": "Mine"})
        assert (await record(world, path))["legal_name"] == "Mine"

    @pytest.mark.parametrize(
        "odd", ["\u202e", "\u2066", "\u0085", "\u2028", "\u2029", "\u009f", "\u200b"]
    )
    @pytest.mark.parametrize("field", ["label", "rcs_number"])
    async def test_are_on_one_line_and_read_as_they_are_written(
        self, world: World, odd: str, field: str
    ):
        body = {"identifier": {"type": "SIRET", "value": SIRET.value}, field: f"Lé{odd}a"}

        assert pointers(await world.calls("u-lea").post(STRUCTURES, json=body)) == [
            f"/body/{field}"
        ]
