"""A structure moves: it is duplicated under its new SIRET, and its people come along."""

import asyncio
from typing import Any

import pytest

from kit.internal import Caller
from tests.journeys.town import Town
from tests.sirets import a_siret


async def granted(town: Town, caller: Caller, structure_id: str) -> list[dict[str, Any]]:
    """What this caller has in a structure, once it is there: users works on it by and by."""
    async with asyncio.timeout(10):
        while True:
            await town.settle()
            mine = [one for one in await town.mine(caller) if one["structure_id"] == structure_id]
            if mine:
                return mine
            await asyncio.sleep(0.02)


async def written(town: Town, to: Caller) -> None:
    async with asyncio.timeout(10):
        while True:
            if town.letters(to):
                return
            await asyncio.sleep(0.02)


@pytest.mark.feature("DUP-01", "DUP-07", "DUP-08", "DUP-09")
async def test_its_people_are_attached_to_the_new_one_with_their_rights(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    model = (await town.structure(claire))["id"]
    asked = (await town.ask(lea, model)).json()["id"]
    assert (await town.decide(claire, asked, "approved")).status_code == 200
    await written(town, lea)
    town.office.forget()

    body = {"identifier": {"type": "SIRET", "value": a_siret()}}
    structures = town.world.call("structures", claire)
    made = await structures("POST", f"/v1/structures/{model}/duplicates", json=body)
    assert made.status_code == 201, made.text

    [hers] = await granted(town, lea, made.json()["id"])
    assert (hers["status"], hers["role"]) == ("granted", "user")
    [own] = await granted(town, claire, made.json()["id"])
    assert own["role"] == "principal_manager"
    path = f"/v1/structures/{made.json()['id']}"
    seen = await town.world.call("structures", lea)("GET", path)
    assert seen.json()["origin_structure"] == model
    assert town.letters(lea) == []
    left = await town.ask(await town.person("Omar", "Petit"), model)
    assert left.json()["type"] == "/problems/inactive-structure"


@pytest.mark.feature("DUP-02", "HAB-05")
async def test_by_a_delegate_it_stays_with_its_principal_manager(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    model = (await town.structure(claire))["id"]
    asked = (await town.ask(lea, model)).json()["id"]
    assert (await town.decide(claire, asked, "approved")).status_code == 200
    profile = {"application": "organisation", "level": "modification"}
    path = f"/v1/habilitations/{model}/{lea.user_id}/submissions"
    body: dict[str, Any] = {"operations": [{"operation": "add", "profile": profile}]}
    given = await town.world.call("users", claire)("POST", path, json=body)
    assert given.status_code == 200, given.text
    await town.settle()

    body = {"identifier": {"type": "SIRET", "value": a_siret()}}
    structures = town.world.call("structures", lea)
    made = await structures("POST", f"/v1/structures/{model}/duplicates", json=body)
    assert made.status_code == 201, made.text

    [own] = await granted(town, claire, made.json()["id"])
    [hers] = await granted(town, lea, made.json()["id"])
    assert (own["role"], hers["role"]) == ("principal_manager", "user")


@pytest.mark.feature("DUP-01")
async def test_its_people_stay_behind_where_that_is_wanted(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    model = (await town.structure(claire))["id"]
    asked = (await town.ask(lea, model)).json()["id"]
    await town.decide(claire, asked, "approved")

    body = {"identifier": {"type": "SIRET", "value": a_siret()}, "users": False}
    structures = town.world.call("structures", claire)
    made = await structures("POST", f"/v1/structures/{model}/duplicates", json=body)
    await granted(town, claire, made.json()["id"])

    assert [one["structure_id"] for one in await town.mine(lea)] == [model]
