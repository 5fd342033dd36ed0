"""Duplicating a structure over HTTP: checks first, all or none."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.users import Habilitation
from services.structures import duplicating
from services.structures.domain.structures import ManagersOnly
from tests.structures.builders import SIRET, a_period, an_answer
from tests.structures.conftest import UNKNOWN, Insee, World, rights
from tests.structures.filing import DETAILS, brought, founded, given
from tests.structures.test_api import OTHERS, STRUCTURES, created, hidden, pointers

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGES = Habilitation(application="organisation", level="modification")
MODEL, MOVED = SIRET.structure_id, "73282932000124"


def a_body(value: str = MOVED, **but: Any) -> dict[str, Any]:
    return {"identifier": {"type": "SIRET", "value": value}} | but


async def ask(world: World, id: str, user: str = "u-lea", **but: Any) -> httpx.Response:
    headers = but.pop("headers", {})
    path = f"{STRUCTURES}/{id}/duplicates"
    return await world.calls(user).post(path, json=a_body(**but), headers=headers)


async def record(world: World, id: str) -> Any:
    return (await world.calls("u-desk", operator=True).get(f"{STRUCTURES}/{id}")).json()


async def events(world: World) -> list[tuple[str, dict[str, Any]]]:
    return [(row["type"].split(".")[1], json.loads(row["data"])) for row in await world.told()]


class TestDuplicate:
    @pytest.mark.feature("DUP-01", "DUP-07", "DUP-08", "DUP-09")
    async def test_makes_a_structure_of_the_caller_and_ends_its_model(self, world: World):
        model = await created(world)

        answer = await ask(world, model, email="new@example.org", users=False)

        made = answer.json()
        assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
        assert answer.headers["location"] == f"{STRUCTURES}/{made['id']}"
        assert (made["status"], made["origin_structure"]) == ("active", model)
        assert (made["email"], made["principal_manager_id"]) == ("new@example.org", "u-lea")
        assert made == await record(world, made["id"])
        over = await record(world, model)
        assert (over["status"], over["duplicates"]) == ("inactive", [made["id"]])
        told = {kind: data for kind, data in await events(world) if data["structure_id"] != model}
        assert [*told] == ["structure-created", "structure-duplicated"]
        assert told["structure-created"]["created_by"] == "u-lea"
        assert told["structure-duplicated"]["model_id"] == model
        assert told["structure-duplicated"]["users"] is False

    async def test_stands_in_the_history_of_its_model(self, world: World):
        model = await created(world)
        await ask(world, model)

        answer = await world.calls("u-lea").get(f"{STRUCTURES}/{model}/history")
        [entry] = answer.json()["items"]
        assert entry["by"] == "u-lea"
        assert entry["changes"] == [{"field": "status", "before": "active", "after": "inactive"}]

    async def test_repeated_with_its_key_answers_the_same(self, world: World):
        model, key = await created(world), {"Idempotency-Key": "k-dup"}

        first = await ask(world, model, headers=key)
        # As if the answer had not been kept before the process was killed.
        await world.service.mongo["once"].update_many({}, {"$unset": {"status": ""}})
        again = await ask(world, model, headers=key)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert len([one for one, _ in await events(world) if one == "structure-duplicated"]) == 1

    async def test_to_two_identifiers_at_once_makes_one(self, world: World):
        model = await created(world)

        answers = await asyncio.gather(*(ask(world, model, value=one) for one in OTHERS[:3]))

        assert sorted(one.status_code for one in answers) == [201, 409, 409]
        refused = {one.json()["type"] for one in answers if one.status_code == 409}
        assert refused == {"/problems/structure-inactive"}
        assert len((await record(world, model))["duplicates"]) == 1

    @pytest.mark.feature("DUP-11")
    async def test_of_two_structures_to_one_identifier_makes_one(self, world: World):
        models = [await created(world), await created(world, value=OTHERS[0])]

        answers = await asyncio.gather(*(ask(world, one) for one in models))

        assert sorted(one.status_code for one in answers) == [201, 409]
        statuses = [(await record(world, one))["status"] for one in models]
        assert sorted(statuses) == ["active", "inactive"]

    @pytest.mark.feature("DUP-11")
    async def test_onto_one_that_is_known_is_refused_without_asking_insee(
        self, world: World, insee: Insee
    ):
        model, _ = await created(world), await created(world, "u-omar", value=MOVED)
        insee.asked.clear()

        answer = await ask(world, model)

        assert (answer.status_code, insee.asked) == (409, [])
        assert answer.json()["type"] == "/problems/structure-already-known"

    @pytest.mark.feature("DUP-06")
    @pytest.mark.parametrize(
        ("says", "status"),
        [
            ((200, an_answer(siret=MOVED, periodesEtablissement=[a_period(state="F")])), 422),
            ((404, UNKNOWN), 422),
            ((403, {"header": {"statut": 403}}), 422),
            ((503, {}), 503),
        ],
        ids=["closed", "unknown", "withheld", "away"],
    )
    async def test_that_insee_does_not_bear_out_changes_nothing(
        self, world: World, insee: Insee, says: Any, status: int
    ):
        model = await created(world)
        before, told = await record(world, model), await world.told()
        insee.says[MOVED] = says

        answer = await ask(world, model)

        assert answer.status_code == status
        if status == 422:
            assert pointers(answer) == ["/body/identifier/value"]
        assert await record(world, model) == before
        assert await world.told() == told

    @pytest.mark.feature("DUP-03", "DUP-04", "DUP-05")
    @pytest.mark.parametrize(
        ("but", "pointer"),
        [
            ({"value": "73282932000075"}, "/body/identifier/value"),
            ({"identifier": {"type": "SIRET"}}, "/body/identifier/value"),
            ({"identifier": {"value": MOVED}}, "/body/identifier/type"),
            ({"identifier": None}, "/body/identifier"),
            ({"kind": "public"}, "/body/kind"),
            ({"identifier": {"type": "RIDET", "value": "0123456001"}}, "/body/legal_name"),
            (
                {"identifier": {"type": "PARTICULIER", "value": "1990193160BONJEAN"}},
                "/body/identifier/type",
            ),
            ({"email": "not an address"}, "/body/email"),
            ({"legal_name": ""}, "/body/legal_name"),
            ({"users": "some"}, "/body/users"),
        ],
    )
    async def test_names_the_field_that_is_wrong_and_changes_nothing(
        self, world: World, insee: Insee, but: dict[str, Any], pointer: str
    ):
        model = await created(world)
        insee.asked.clear()

        answer = await ask(world, model, **but)

        assert (answer.status_code, insee.asked) == (422, [])
        assert pointers(answer) == [pointer]
        assert (await record(world, model))["status"] == "active"

    async def test_of_an_inactive_one_is_refused(self, world: World):
        model = await created(world)
        await world.calls("u-lea").put(f"{STRUCTURES}/{model}/deactivation")

        answer = await ask(world, model)

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/structure-inactive")

    @pytest.mark.feature("DUP-02")
    async def test_is_for_those_who_manage_the_model(self, world: World):
        model = await created(world)
        await world.hears(rights("u-omar", model))
        await world.hears(rights("u-zoe", model, role="principal_manager"))

        for user in ("u-stranger", "u-omar"):
            refused = await ask(world, model, user)
            assert (refused.status_code, refused.json()["type"]) == (403, ManagersOnly.type())
        assert (await world.calls().post(f"{STRUCTURES}/{model}/duplicates")).status_code == 401
        operator = world.calls("u-desk", operator=True)
        desk = await operator.post(f"{STRUCTURES}/{model}/duplicates", json=a_body())
        assert desk.status_code == 403
        assert (await ask(world, model, "u-zoe")).status_code == 201

    @pytest.mark.feature("DUP-02")
    async def test_by_a_delegate_is_the_principal_managers(self, world: World):
        model = await created(world)
        await world.hears(rights("u-lea", model, role="principal_manager"))
        await world.hears(rights("u-omar", model, habilitations=(MANAGES,)))

        made = (await ask(world, model, "u-omar")).json()

        assert made["principal_manager_id"] == "u-lea"
        assert made == await record(world, made["id"])
        told = [data for kind, data in await events(world) if kind == "structure-created"]
        assert [one["created_by"] for one in told] == ["u-lea", "u-lea"]
        history = await world.calls("u-lea").get(f"{STRUCTURES}/{model}/history")
        assert [one["by"] for one in history.json()["items"]] == ["u-omar"]
        refused = await world.calls("u-omar").patch(f"{STRUCTURES}/{made['id']}", json={})
        assert refused.status_code == 403

    @pytest.mark.feature("DUP-02")
    async def test_of_one_that_may_not_be_known_finds_nothing(self, world: World, insee: Insee):
        insee.says[SIRET.value] = 200, hidden()
        model = await created(world)

        assert (await ask(world, model, "u-stranger")).status_code == 404
        assert (await ask(world, "0" * 32)).status_code == 404


class TestUnits:
    @pytest.mark.feature("DUP-01")
    async def test_are_carried_over_in_the_same_decision(self, world: World):
        model = await created(world)
        lea = world.calls("u-lea")
        for code in ("VOIRIE", "ECOLES", "OVER"):
            unit = {"code": code, "name": code.title(), "valid_from": "2026-01-05"}
            made = await lea.post(f"{STRUCTURES}/{model}/units", json=unit)
            assert made.status_code == 201, made.text
        assert (await lea.put(f"{made.headers['location']}/deactivation")).status_code == 200

        answer = await ask(world, model)

        assert answer.status_code == 201, answer.text
        listed = await lea.get(f"{STRUCTURES}/{answer.json()['id']}/units")
        assert [one["code"] for one in listed.json()["items"]] == ["ECOLES", "VOIRIE"]
        assert [one for one, _ in await events(world)].count("unit-created") == 5

    async def test_are_only_so_many_and_insee_is_not_asked_about_more(
        self, world: World, insee: Insee, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(duplicating, "UNITS_MOST", 1)
        model = await created(world)
        insee.asked.clear()
        for code in ("VOIRIE", "ECOLES"):
            unit = {"code": code, "name": code.title(), "valid_from": "2026-01-05"}
            await world.calls("u-lea").post(f"{STRUCTURES}/{model}/units", json=unit)

        answer = await ask(world, model)

        assert (answer.status_code, insee.asked) == (409, [])
        assert answer.json()["type"] == "/problems/too-many-units"
        assert answer.json()["most"] == 1
        assert (await record(world, model))["status"] == "active"

    async def test_are_not_half_carried_over(self, world: World, insee: Insee):
        model = await created(world)
        unit = {"code": "VOIRIE", "name": "Voirie", "valid_from": "2026-01-05"}
        await world.calls("u-lea").post(f"{STRUCTURES}/{model}/units", json=unit)
        insee.says[MOVED] = 404, UNKNOWN

        assert (await ask(world, model)).status_code == 422
        assert await world.service.mongo["units"].count_documents({}) == 1


class TestBankDetails:
    """Léa's structure has two bank details, one of which is valid."""

    @pytest_asyncio.fixture(loop_scope="module")
    async def documents(self, world: World) -> tuple[str, str]:
        await founded(world)
        used, old = [(await brought(world))["id"] for _ in range(2)]
        await given(world, used)
        over = await given(world, old, name="Ancien compte")
        path = f"{DETAILS}/{over['id']}/deactivation"
        gone = await world.calls("u-lea").put(path, json={"confirmed": True})
        assert gone.status_code == 200, gone.text
        return used, old

    async def valid(self, world: World, id: str) -> list[dict[str, Any]]:
        lea, path = world.calls("u-lea"), f"{STRUCTURES}/{id}/bank-details"
        listed = (await lea.get(path)).json()["items"]
        return [(await lea.get(f"{path}/{one['id']}")).json() for one in listed]

    @pytest.mark.feature("DUP-01", "DUP-08")
    async def test_stay_behind_unless_wanted(self, world: World, documents: tuple[str, str]):
        answer = await ask(world, MODEL)

        assert answer.status_code == 201, answer.text
        assert await self.valid(world, answer.json()["id"]) == []

    @pytest.mark.feature("DUP-01")
    async def test_that_are_valid_are_carried_over_with_their_documents(
        self, world: World, documents: tuple[str, str]
    ):
        [before] = await self.valid(world, MODEL)

        answer = await ask(world, MODEL, bank_details=True)

        new = answer.json()["id"]
        [carried] = await self.valid(world, new)
        own = {"id", "structure_id", "document_id", "added_at"}
        assert {k: v for k, v in carried.items() if k not in own} == {
            k: v for k, v in before.items() if k not in own
        }
        path = f"{STRUCTURES}/{new}/attachments/{carried['document_id']}"
        assert (await world.calls("u-lea").get(path)).status_code == 200
        assert carried["document_id"] not in documents
        assert [one for one, _ in await events(world)].count("bank-details-added") == 3

    async def test_are_not_half_carried_over(
        self, world: World, insee: Insee, documents: tuple[str, str]
    ):
        insee.says[MOVED] = 503, {}

        assert (await ask(world, MODEL, bank_details=True)).status_code == 503
        assert await world.service.mongo["bank-details"].count_documents({}) == 2
        assert await world.service.mongo["attachments"].count_documents({}) == 2
