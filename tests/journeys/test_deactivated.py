"""A structure is deactivated while somebody waits to be attached to it, and activated again."""

import pytest

from tests.journeys.town import Town


@pytest.mark.feature("STR-21", "STR-23")
async def test_what_waits_can_only_be_refused_meanwhile(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    omar, zoe = await town.person("Omar", "Petit"), await town.person("Zoé", "Faure")
    structure = await town.structure(claire)
    asked = [(await town.ask(one, structure["id"])).json()["id"] for one in (lea, omar, zoe)]
    structures, path = town.world.call("structures", claire), f"/v1/structures/{structure['id']}"

    assert (await structures("PUT", f"{path}/deactivation")).status_code == 200
    await town.settle()

    refused = await town.ask(await town.person("Ines", "Roux"), structure["id"])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/inactive-structure")
    too_soon = await town.decide(claire, asked[0], "approved")
    assert (too_soon.status_code, too_soon.json()["type"]) == (409, "/problems/structure-inactive")
    assert (await town.decide(claire, asked[1], "refused", "Pas ici.")).status_code == 200
    outcomes = [(await town.mine(one))[0]["status"] for one in (lea, omar, zoe)]
    assert outcomes == ["requested", "refused", "requested"]

    assert (await structures("PUT", f"{path}/activation")).status_code == 200
    await town.settle()

    assert (await town.decide(claire, asked[2], "approved")).status_code == 200
    assert (await town.mine(zoe))[0]["status"] == "granted"
    assert (await town.mine(lea))[0]["status"] == "requested"
