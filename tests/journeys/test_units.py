"""A structure has a unit; somebody is attached to it alone; the unit ends, and so does that."""

import asyncio

import pytest

from tests.journeys.town import Town


@pytest.mark.feature("SRV-03", "SRV-04")
async def test_a_unit_from_its_creation_to_its_end(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    omar = await town.person("Omar", "Petit")
    structure = await town.structure(claire)
    of_claire = town.world.call("structures", claire)
    body = {"code": "VOIRIE", "name": "Voirie", "valid_from": "2026-01-05"}
    unit = await of_claire("POST", f"/v1/structures/{structure['id']}/units", json=body)
    assert unit.status_code == 201, unit.text
    await town.settle()

    granted = await town.ask(lea, structure["id"], units=["VOIRIE"])
    assert granted.status_code == 202, granted.text
    assert (await town.decide(claire, granted.json()["id"], "approved")).status_code == 200
    waiting = await town.ask(omar, structure["id"], units=["VOIRIE"])
    assert [one["role"] for one in await town.mine(lea)] == ["user"]

    ended = await of_claire("PUT", f"{unit.headers['location']}/deactivation")
    assert ended.status_code == 200
    await town.settle()
    async with asyncio.timeout(10):
        while (await town.mine(lea))[0]["role"]:  # noqa: ASYNC110  # a worker does it
            await asyncio.sleep(0.02)
    await town.settle()

    assert [(one["status"], one["role"]) for one in await town.mine(lea)] == [("granted", None)]
    units = f"/v1/structures/{structure['id']}/units"
    assert (await town.world.call("structures", lea)("GET", units)).status_code == 403
    late = await town.decide(claire, waiting.json()["id"], "approved")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/units-ended")
    assert (await town.decide(claire, waiting.json()["id"], "refused", "Fermé.")).status_code == 200
    [request] = await town.mine(omar)
    assert request["status"] == "refused"
    refused = await town.ask(omar, structure["id"], units=["VOIRIE"])
    assert (refused.status_code, refused.json()["unknown"]) == (422, ["VOIRIE"])
