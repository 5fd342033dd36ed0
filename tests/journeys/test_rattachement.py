"""A user asks to be attached to a structure; its manager decides; everyone is told, once."""

import asyncio
from datetime import timedelta

import pytest

from contracts.structures import StructureCreated
from kit.clock import now, today
from services.users.domain.structures import learn
from tests.journeys.town import Town


async def asked(town: Town):
    """Claire has a structure, and Léa has asked to be attached to it."""
    claire = await town.person("Claire", "Martin")
    lea = await town.person()
    structure = await town.structure(claire)
    town.world.log.clear()
    answer = await town.ask(lea, structure["id"], comment="Je suis la comptable.")
    assert answer.status_code == 202, answer.text
    return claire, lea, structure, answer.json()["id"]


@pytest.mark.feature("RAT-04", "RAT-09", "RAT-10", "APP-01", "APP-03", "APP-13", "APP-20")
async def test_granted(town: Town):
    claire, lea, structure, id = await asked(town)

    listed = await town.world.call("approvals", claire)("GET", "/v1/approvals?state=requested")
    assert listed.json()["pending"] == 1
    [approval] = listed.json()["items"]
    assert approval["requester"]["name"] == "Léa Dupont"
    assert approval["structure_name"] == structure["legal_name"]
    letter = await town.letter(claire, "rattachement")
    assert structure["legal_name"] in town.text(letter)

    assert (await town.decide(claire, id, "approved")).status_code == 200
    [mine] = await town.mine(lea)
    assert (mine["status"], mine["role"]) == ("granted", "user")
    await town.letter(lea, "accept")
    asking, deciding = town.world.log[:2], town.world.log[2:]
    assert asking == [
        ("users.rattachement-requested.v1", "journey-1"),
        ("approvals.approval-opened.v1", "journey-1"),
    ]
    assert sorted(type for type, _ in deciding) == [
        "approvals.approval-decided.v1",
        "users.rattachement-granted.v1",
        "users.rights-changed.v1",
    ]


@pytest.mark.feature("APP-14", "APP-19")
async def test_refused_with_a_reason_then_asked_again(town: Town):
    claire, lea, structure, id = await asked(town)

    unexplained = await town.decide(claire, id, "refused")
    assert (unexplained.status_code, unexplained.json()["errors"][0]["pointer"]) == (
        422,
        "/body/reason",
    )
    assert (await town.decide(claire, id, "refused", "Vous êtes du siège.")).status_code == 200
    [mine] = await town.mine(lea)
    assert (mine["status"], mine["reason"]) == ("refused", "Vous êtes du siège.")
    letter = await town.letter(lea, "refus")
    assert "Vous êtes du siège." in town.text(letter)

    assert (await town.ask(lea, structure["id"])).status_code == 202
    assert [one["status"] for one in await town.mine(lea)] == ["requested", "refused"]


async def test_decided_twice_and_contradicted(town: Town):
    claire, lea, _, id = await asked(town)

    assert (await town.decide(claire, id, "approved")).status_code == 200
    assert (await town.decide(claire, id, "approved")).status_code == 200
    contradicted = await town.decide(claire, id, "refused", "Finalement non.")
    assert (contradicted.status_code, contradicted.json()["verdict"]) == (409, "approved")
    assert len([t for t, _ in town.world.log if t == "approvals.approval-decided.v1"]) == 1
    await town.letter(lea, "accept")
    assert len(town.letters(lea)) == 2  # her activation and this one


@pytest.mark.feature("APP-15")
async def test_decided_by_nobody_but_who_manages(town: Town):
    claire, lea, _, id = await asked(town)
    omar = await town.person("Omar", "Petit")

    assert (await town.decide(omar, id, "approved")).status_code == 404
    assert (await town.decide(lea, id, "approved")).status_code == 403
    assert [one["status"] for one in await town.mine(lea)] == ["requested"]
    assert (await town.decide(claire, id, "approved")).status_code == 200


@pytest.mark.feature("RAT-11")
async def test_asked_twice_at_the_same_moment(town: Town):
    _, _, structure, _ = await asked(town)
    omar = await town.person("Omar", "Petit")

    users = town.world.call("users", omar)
    body = {"structure_id": structure["id"], "valid_from": today().isoformat()}
    asks = (users("POST", "/v1/rattachements", json=body) for _ in range(5))
    assert sorted(one.status_code for one in await asyncio.gather(*asks)) == [
        202,
        409,
        409,
        409,
        409,
    ]
    await town.settle()
    assert len(await town.mine(omar)) == 1


@pytest.mark.feature("APP-16")
async def test_a_structure_without_a_manager_never_counts_as_approved(town: Town):
    lea = await town.person()
    structure_id = await imported(town)

    answer = await town.ask(lea, structure_id)
    assert answer.status_code == 202
    assert ("approvals.approver-missing.v1", "journey-1") in town.world.log
    assert [one["status"] for one in await town.mine(lea)] == ["requested"]


@pytest.mark.feature("APP-16")
async def test_nobody_decides_and_in_the_end_it_is_over(town: Town):
    lea, zoe = await town.person(), await town.person("Zoé", "Faure")
    structure_id = await imported(town)

    asked = [(await town.ask(one, structure_id)).json()["id"] for one in (lea, zoe)]

    for one in (lea, zoe):
        letter = await town.letter(one, "personne ne peut répondre")
        assert "revendiquer" in town.text(letter)
    approvals = town.world.services["approvals"].mongo["approvals"]
    long_ago = now() - timedelta(days=90)
    past = {"rung": 20, "waits_since": long_ago, "expires_at": long_ago, "wake_at": long_ago}
    await approvals.update_one({"_id": asked[0]}, {"$set": past})
    async with asyncio.timeout(10):
        while (await town.mine(lea))[0]["status"] != "expired":
            await town.settle()
            await asyncio.sleep(0.05)
    assert "sans effet" in town.text(await town.letter(lea, "a expiré"))
    assert [one["status"] for one in await town.mine(zoe)] == ["requested"]
    again = await town.ask(lea, structure_id)
    assert again.status_code == 202


async def imported(town: Town) -> str:
    """A town hall that nobody manages."""
    created = StructureCreated(
        structure_id="s-town-hall",
        identifier_type="SIRET",
        identifier="21840146100031",
        kind="public",
        legal_name=None,
        status="active",
        origin="import",
        created_at=now(),
    )
    structures = town.world.services["users"].collections
    [copy] = [one for one in structures if one.name == "structures"]
    await copy.change(created.structure_id, lambda current: learn(created, current))
    return created.structure_id
