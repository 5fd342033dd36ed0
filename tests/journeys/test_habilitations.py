"""A user asks for a habilitation; the manager decides; what the user may do follows."""

from typing import Any

import pytest

from kit.internal import Caller
from tests.journeys.town import Town

WRITE = {"application": "factures-emises", "level": "modification"}
DELEGATION = {"application": "organisation", "level": "modification"}


async def attached(town: Town) -> tuple[Caller, Caller, str]:
    """Claire has a structure, to which Léa is attached without writing invoices."""
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    structure = (await town.structure(claire))["id"]
    asked = await town.ask(lea, structure)
    assert (await town.decide(claire, asked.json()["id"], "approved")).status_code == 200
    await submit(town, claire, structure, lea, {"operation": "remove", "row": WRITE})
    town.office.forget()
    town.world.log.clear()
    return claire, lea, structure


async def submit(
    town: Town, by: Caller, structure: str, user: Caller, *operations: dict[str, Any]
) -> int:
    path = f"/v1/habilitations/{structure}/{user.user_id}/submissions"
    done = await town.world.call("users", by)("POST", path, json={"operations": operations})
    await town.settle()
    return done.status_code


async def ask(town: Town, by: Caller, structure: str, profile: dict[str, str]) -> str:
    body = {
        "structure_id": structure,
        "operations": [{"operation": "add", "profile": profile}],
        "comment": "Je dépose les factures.",
    }
    asked = await town.world.call("users", by)("POST", "/v1/habilitation-requests", json=body)
    assert asked.status_code == 202, asked.text
    await town.settle()
    return str(asked.json()["id"])


async def holds(town: Town, user: Caller, structure: str, profile: dict[str, str]) -> bool:
    path = f"/v1/habilitations/{structure}/{user.user_id}"
    shown = await town.world.call("users", user)("GET", path)
    return profile in [{name: row[name] for name in profile} for row in shown.json()["rows"]]


@pytest.mark.feature("APP-02", "APP-12", "HAB-06", "HAB-16", "HAB-17")
async def test_asked_for_and_granted(town: Town):
    claire, lea, structure = await attached(town)

    id = await ask(town, lea, structure, WRITE)

    [approval] = (await town.world.call("approvals", claire)("GET", "/v1/approvals")).json()[
        "items"
    ][:1]
    assert (approval["id"], approval["kind"]) == (id, "habilitation")
    assert [one["application"] for one in approval["given"]] == ["factures-emises"]
    assert approval["comment"] == "Je dépose les factures."
    await town.letter(claire, "habilitation")
    assert not await holds(town, lea, structure, WRITE)

    assert (await town.decide(claire, id, "approved")).status_code == 200

    assert await holds(town, lea, structure, WRITE)
    await town.letter(lea, "habilitation est acceptée")


@pytest.mark.feature("APP-14", "HAB-16")
async def test_asked_for_and_refused(town: Town):
    claire, lea, structure = await attached(town)
    id = await ask(town, lea, structure, WRITE)

    assert (await town.decide(lea, id, "approved")).status_code == 403
    assert (await town.decide(claire, id, "refused", "Pas encore.")).status_code == 200

    assert not await holds(town, lea, structure, WRITE)
    assert "Pas encore." in town.text(await town.letter(lea, "habilitation est refusée"))


@pytest.mark.feature("HAB-05")
async def test_delegated_while_the_manager_is_away(town: Town):
    claire, lea, structure = await attached(town)
    ada = await town.person("Ada", "Roux")
    joined = await town.ask(ada, structure)
    assert (await town.decide(claire, joined.json()["id"], "approved")).status_code == 200
    id = await ask(town, lea, structure, WRITE)
    assert (await town.decide(ada, id, "approved")).status_code == 404

    given = {"operation": "add", "profile": DELEGATION}
    assert await submit(town, claire, structure, ada, given) == 200

    # What was pending already is hers to decide too.
    assert (await town.decide(ada, id, "approved")).status_code == 200
    assert await holds(town, lea, structure, WRITE)
    assert await submit(town, ada, structure, claire, {"operation": "remove-all"}) == 403


async def test_asked_for_and_withdrawn(town: Town):
    claire, lea, structure = await attached(town)
    id = await ask(town, lea, structure, WRITE)

    for _ in range(2):
        path = f"/v1/approvals/{id}/withdrawal"
        assert (await town.world.call("approvals", lea)("PUT", path)).status_code == 200
        await town.settle()

    assert (await town.decide(claire, id, "approved")).status_code == 409
    path = f"/v1/habilitation-requests/{id}"
    shown = await town.world.call("users", lea)("GET", path)
    assert shown.json()["status"] == "withdrawn"
    assert not await holds(town, lea, structure, WRITE)
    await ask(town, lea, structure, WRITE)
