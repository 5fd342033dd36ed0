"""The units of a structure over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from contracts.structures import DEFAULT_UNIT
from kit.clock import now, today
from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from services.structures.domain.structures import Structure
from services.structures.domain.units import Unit, unit_id
from services.structures.waking import timers
from tests.structures.builders import SIRET
from tests.structures.conftest import World, rights

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN = Identifier("SIRET", "21440109300015")
MANAGER = "u-lea"


def a_body(code: str = "VOIRIE", **but: Any) -> dict[str, Any]:
    return {"code": code, "name": "Voirie", "valid_from": "2026-01-05"} | but


@pytest_asyncio.fixture(loop_scope="module")
async def path(world: World) -> str:
    """Where the units of Léa's private structure are."""
    body = {"identifier": {"type": "SIRET", "value": SIRET.value}}
    made = await world.calls(MANAGER).post("/v1/structures", json=body)
    assert made.status_code == 201, made.text
    return f"{made.headers['location']}/units"


@pytest_asyncio.fixture(loop_scope="module")
async def town(world: World) -> str:
    """Where the units of a public structure are; Léa manages it."""
    await of(world, Structure).change(
        TOWN.structure_id,
        lambda current: import_one(
            current, identifier=TOWN, legal_name="VILLE DE NANTES", now=now()
        ),
    )
    await world.hears(rights(MANAGER, TOWN.structure_id, role="principal_manager"))
    return f"/v1/structures/{TOWN.structure_id}/units"


@pytest_asyncio.fixture(loop_scope="module")
async def unhurried(world: World) -> AsyncIterator[World]:
    """The same service, where changes wait."""
    settings = world.settings.model_copy(update={"changes_effective_after": timedelta(minutes=30)})
    service = Service("structures", settings)
    other = World(service, settings)
    other.hears_users()
    keeping = asyncio.create_task(service.committer.run())
    yield other
    await ended([keeping], again=GRACE + 2)
    await service.mongo.close()


def of(world: World, kind: type) -> Any:
    return next(one for one in world.service.collections if one.kind is kind)


async def made(world: World, path: str, **but: Any) -> str:
    answer = await world.calls(MANAGER).post(path, json=a_body(**but))
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def codes(world: World, path: str, user: str = MANAGER, **params: Any) -> list[str]:
    answer = await world.calls(user).get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["items"]]


def pointers(answer: Any) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [one["pointer"] for one in answer.json()["errors"]]


class TestCreate:
    @pytest.mark.feature("SRV-02", "SRV-03", "SRV-06", "SRV-08", "SRV-09")
    async def test_adds_a_unit_with_all_that_is_said_of_it(self, world: World, path: str):
        said = {
            "description": "Rues et places",
            "address": {"line": "2 RUE DE L'HÔTEL DE VILLE", "postcode": "44000", "city": "NANTES"},
            "valid_until": "2050-12-31",
            "engagement_required": True,
            "payment_status_exposed": True,
        }

        answer = await world.calls(MANAGER).post(path, json=a_body(**said))

        shown = answer.json()
        assert answer.status_code == 201
        assert answer.headers["etag"] == '"1"'
        assert {name: shown[name] for name in said if name != "address"} == {
            name: value for name, value in said.items() if name != "address"
        }
        assert shown["address"]["city"] == "NANTES"
        assert (shown["status"], shown["active"], shown["default"]) == ("active", True, False)
        assert shown["requires"] == "engagement"
        read = await world.calls(MANAGER).get(answer.headers["location"])
        assert (read.json(), read.headers["etag"]) == (shown, '"1"')

    @pytest.mark.parametrize("name", ["status", "active", "id", "foo"])
    async def test_says_nothing_that_is_not_said_at_creation(
        self, world: World, path: str, name: str
    ):
        answer = await world.calls(MANAGER).post(path, json=a_body(**{name: "inactive"}))

        assert (answer.status_code, pointers(answer)) == (422, [f"/body/{name}"])

    @pytest.mark.feature("SRV-07")
    async def test_by_many_at_once_makes_one(self, world: World, path: str):
        bodies = [a_body(code) for code in ("VOIRIE", "voirie") * 5]

        answers = await asyncio.gather(
            *(world.calls(MANAGER).post(path, json=body) for body in bodies)
        )

        assert sorted(one.status_code for one in answers) == [201] + [409] * 9
        told = [row["type"] for row in await world.told()]
        assert told.count("structures.unit-created.v1") == 1

    @pytest.mark.feature("SRV-07")
    async def test_gives_the_same_code_in_another_structure(
        self, world: World, path: str, town: str
    ):
        assert await made(world, path) != await made(world, town)

    @pytest.mark.parametrize(
        ("but", "field"),
        [
            ({"code": ""}, "/body/code"),
            ({"code": "-"}, "/body/code"),
            ({"code": "x" * 51}, "/body/code"),
            ({"code": "a\u0000b"}, "/body/code"),
            ({"code": DEFAULT_UNIT}, "/body/code"),
            ({"name": " "}, "/body/name"),
            ({"name": "x" * 256}, "/body/name"),
            ({"name": "Voi\nrie"}, "/body/name"),
            ({"name": "Voi\u202erie"}, "/body/name"),
            ({"address": {"city": "MEL\u2028UN"}}, "/body/address/city"),
            ({"engagement_required": "yes"}, "/body/engagement_required"),
            ({"description": "x" * 1001}, "/body/description"),
            ({"address": {"complements": ["a", "b", "c"]}}, "/body/address/complements"),
            ({"valid_from": "9999-12-31"}, "/body/valid_from"),
            ({"valid_until": "2025-01-01"}, "/body/valid_until"),
        ],
    )
    async def test_names_the_wrong_field(self, world: World, path: str, but, field):
        answer = await world.calls(MANAGER).post(path, json=a_body(**but))

        assert answer.status_code == 422
        assert pointers(answer) == [field]


class TestWho:
    @pytest.mark.feature("SRV-03", "SRV-13")
    @pytest.mark.parametrize(
        ("right", "reading", "writing"),
        [
            (None, 403, 403),
            ({"role": "user"}, 200, 403),
            (
                {
                    "role": "user",
                    "habilitations": ({"application": "organisation", "level": "modification"},),
                },
                200,
                201,
            ),
        ],
        ids=["nobody", "attached", "holds Organisation modification"],
    )
    async def test_may_do_what_in_a_private_structure(
        self, world: World, path: str, right, reading, writing
    ):
        if right:
            await world.hears(rights("u-omar", path.split("/")[3], **right))

        assert (await world.calls("u-omar").get(path)).status_code == reading
        created = await world.calls("u-omar").post(path, json=a_body())
        assert created.status_code == writing

    @pytest.mark.feature("RAT-03", "SRV-13")
    async def test_consults_those_of_a_public_structure(self, world: World, town: str):
        assert await codes(world, town, "u-nobody") == [DEFAULT_UNIT]
        refused = await world.calls("u-nobody").post(town, json=a_body())
        assert refused.json()["type"] == "/problems/managers-only"

    @pytest.mark.feature("RAT-03", "SRV-02")
    async def test_routes_what_it_sends_as_another_system(self, world: World, town: str):
        await made(world, town)
        erp = {"client_id": "erp", "scopes": frozenset({"structures:read"})}

        answer = await world.calls(**erp).get(town, params={"code": "voirie"})

        [found] = answer.json()["items"]
        assert (found["code"], found["active"]) == ("VOIRIE", True)
        assert (await world.calls(**erp).post(town, json=a_body("B"))).status_code == 403


class TestDefaultUnit:
    @pytest.mark.feature("SRV-12")
    async def test_is_there_and_stays(self, world: World, town: str):
        unit = f"{town}/{unit_id(TOWN.structure_id, DEFAULT_UNIT)}"
        calls = world.calls(MANAGER)

        shown = (await calls.get(unit)).json()

        assert (shown["code"], shown["default"], shown["active"]) == (DEFAULT_UNIT, True, True)
        body = {"name": "À nous", "valid_from": "2026-01-05"}
        for refused in (
            await calls.put(unit, json=body),
            await calls.put(f"{unit}/deactivation"),
            await calls.delete(unit),
        ):
            assert (refused.status_code, refused.json()["type"]) == (
                409,
                "/problems/default-unit-stays",
            )
        assert (await calls.get(f"{unit}/history")).json() == []

    @pytest.mark.feature("SRV-01")
    async def test_is_not_there_in_a_private_structure(self, world: World, path: str):
        assert await codes(world, path) == []
        unit = unit_id(path.split("/")[3], DEFAULT_UNIT)
        assert (await world.calls(MANAGER).get(f"{path}/{unit}")).status_code == 404


class TestList:
    @pytest_asyncio.fixture(loop_scope="module")
    async def many(self, world: World, town: str) -> str:
        await made(world, town, code="B", name="École", valid_until="2030-01-01")
        await made(world, town, code="a", name="eau", valid_from="2026-01-07")
        off = await made(world, town, code="Z", name="Parcs", valid_from="2020-01-01")
        assert (await world.calls(MANAGER).put(f"{off}/deactivation")).status_code == 200
        gone = await made(world, town, code="GONE")
        assert (await world.calls(MANAGER).delete(gone)).status_code == 200
        return town

    @pytest.mark.feature("SRV-13")
    async def test_is_sorted_both_ways_and_whole_whatever_the_size_of_pages(
        self, world: World, many: str
    ):
        firsts = {
            "code": "a",
            "-code": "Z",
            "name": "a",
            "-name": DEFAULT_UNIT,
            "valid_from": "Z",
            "valid_until": "B",
            "active": "Z",
            "-valid_until": None,
            "-valid_from": None,
            "-active": None,
        }
        for sort, first in firsts.items():
            whole = await codes(world, many, sort=sort)
            assert sorted(whole) == ["B", DEFAULT_UNIT, "Z", "a"]
            assert first in (None, whole[0]), sort
            for size in (1, 2, 3, 1000):
                paged, cursor = [], ""
                while cursor is not None:
                    asked = {"sort": sort, "size": size, "cursor": cursor}
                    answer = (await world.calls(MANAGER).get(many, params=asked)).json()
                    assert len(answer["items"]) <= size
                    paged += [one["code"] for one in answer["items"]]
                    cursor = answer["next"]
                assert paged == whole, (sort, size)

    @pytest.mark.feature("SRV-11", "SRV-13")
    async def test_is_narrowed_by_status(self, world: World, many: str):
        assert await codes(world, many, status="deleted") == ["GONE"]
        assert await codes(world, many, status="inactive") == ["Z"]
        assert await codes(world, many, status="active") == ["a", "B", DEFAULT_UNIT]

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"size": 1001}, "/query/size"),
            ({"sort": "$where"}, "/query/sort"),
            ({"status": "gone"}, "/query/status"),
            ({"code": "a*"}, "/query/code"),
            ({"cursor": "x"}, "/query/cursor"),
            # [by_code, v, 7, x]: of another kind than what it is compared with
            ({"cursor": "WyJieV9jb2RlIiwgInYiLCA3LCAieCJd"}, "/query/cursor"),
        ],
    )
    async def test_names_the_wrong_parameter(self, world: World, many: str, params, field):
        answer = await world.calls(MANAGER).get(many, params=params)

        assert answer.status_code == 422
        assert pointers(answer) == [field]


class TestModify:
    @pytest.mark.feature("SRV-04")
    async def test_minds_the_version_and_repeats_without_effect(self, world: World, path: str):
        unit, calls = await made(world, path), world.calls(MANAGER)
        body = {"name": "Routes", "valid_from": "2026-01-05"}

        first = await calls.put(unit, json=body, headers={"If-Match": '"1"'})
        again = await calls.put(unit, json=body)
        late = await calls.put(unit, json=body | {"name": "X"}, headers={"If-Match": '"1"'})

        assert [one.status_code for one in (first, again, late)] == [200, 200, 412]
        assert first.headers["etag"] == again.headers["etag"] == '"2"'
        history = (await calls.get(f"{unit}/history")).json()
        assert [(one["what"], one["by"], one["fields"]) for one in history] == [
            ("modified", MANAGER, ["name"]),
            ("created", MANAGER, []),
        ]

    @pytest.mark.feature("SRV-05")
    async def test_waits_where_changes_do(self, unhurried: World, path: str):
        unit, calls = await made(unhurried, path), unhurried.calls(MANAGER)

        shown = (await calls.put(unit, json={"name": "Routes", "valid_from": "2026-01-05"})).json()

        assert (shown["name"], shown["pending"]["then"]["name"]) == ("Voirie", "Routes")
        id, units = unit.rsplit("/", 1)[1], of(unhurried, Unit)
        moved = {"wake_at": now(), "pending.effective_at": now()}
        await units.documents.update_one({"_id": id}, {"$set": moved})
        [timer] = timers(units)
        await unhurried.service.committer.keep(timer.wake(await units.get(id)))
        shown = (await calls.get(unit)).json()
        assert (shown["name"], shown["pending"]) == ("Routes", None)

    @pytest.mark.feature("SRV-04", "SRV-11")
    async def test_deactivates_activates_and_deletes(self, world: World, path: str):
        unit, calls = await made(world, path), world.calls(MANAGER)

        seen = [
            (await calls.put(f"{unit}/deactivation")).json(),
            (await calls.put(f"{unit}/activation")).json(),
            (await calls.delete(unit)).json(),
        ]

        assert [(one["status"], one["active"]) for one in seen] == [
            ("inactive", False),
            ("active", True),
            ("deleted", False),
        ]
        assert (await calls.delete(unit)).status_code == 200
        assert (await calls.put(f"{unit}/activation")).status_code == 409
        assert (await calls.get(unit)).json()["deleted_at"]
        told = [row["type"].split(".")[1] for row in await world.told()]
        assert told[1:] == ["unit-created", "unit-ended", "unit-changed", "unit-ended"]
        clocks = [row["clock"] for row in await world.told()]
        assert all(one < other for one, other in pairwise(clocks))

    async def test_ends_and_begins_only_what_was_read(self, world: World, path: str):
        unit, calls = await made(world, path), world.calls(MANAGER)

        async def status(method: str, what: str, version: str) -> int:
            headers = {"If-Match": version}
            return (await calls.request(method, unit + what, headers=headers)).status_code

        for nth, (method, what) in enumerate(
            (("PUT", "/deactivation"), ("PUT", "/activation"), ("DELETE", "")), start=1
        ):
            assert await status(method, what, f'"{nth + 1}"') == 412
            assert await status(method, what, f'"{nth}"') == 200

    @pytest.mark.feature("SRV-10")
    async def test_is_woken_when_its_days_have_passed(self, world: World, path: str):
        unit = await made(world, path, valid_from=today().isoformat())
        id, units = unit.rsplit("/", 1)[1], of(world, Unit)
        before = {"wake_at": now() - timedelta(seconds=1)}
        past = (today() - timedelta(days=1)).isoformat()
        await units.documents.update_one(
            {"_id": id}, {"$set": before | {"details.valid_until": past}}
        )

        [timer] = timers(units)
        await world.service.committer.keep(timer.wake(await units.get(id)))

        assert [row["type"].split(".")[1] for row in await world.told()][-1] == "unit-ended"
        assert (await world.calls(MANAGER).get(unit)).json()["active"] is False
        assert (await units.get(id)).wake_at is None
