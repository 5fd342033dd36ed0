"""An espace is closed and opened again; its list is decided on at once, and each user hears."""

from collections.abc import Awaitable, Callable

import pytest

from kit.internal import Caller
from tests.approvals.stage import soon
from tests.journeys.town import Town

ESPACE = "engagements"


async def turn(town: Town, by: Caller, structure: str, what: str) -> None:
    path = f"/v1/espaces/{structure}/{ESPACE}/{what}"
    turned = await town.world.call("users", by)("PUT", path)
    assert turned.status_code == 200, turned.text
    assert turned.json()[0]["state"] == ("open" if what == "opening" else "closed")


def subscribed(town: Town, user: Caller) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        await town.settle()
        mine = (await town.world.call("users", user)("GET", "/v1/subscriptions")).json()["items"]
        return any(
            row["espace"] == ESPACE and row["status"] == "validated"
            for one in mine
            for row in one["subscriptions"]
        )

    return ask


@pytest.mark.feature("APP-17", "APP-18", "ESP-05", "ESP-06", "ESP-09")
async def test_a_list_is_decided_on_at_once(town: Town):
    claire = await town.person("Claire", "Martin")
    structure = (await town.structure(claire))["id"]
    people = {name: await town.person(name) for name in ("Léa", "Ada", "Zoé")}
    for one in people.values():
        asked = await town.ask(one, structure)
        assert (await town.decide(claire, asked.json()["id"], "approved")).status_code == 200
    lea, ada, zoe = people.values()
    await turn(town, claire, structure, "closure")
    for one in (*people.values(), claire):
        still = subscribed(town, one)
        await soon(lambda still=still: _not(still))
    town.office.forget()

    await turn(town, claire, structure, "opening")

    async def listed() -> dict[str, str]:
        await town.settle()
        path = f"/v1/espaces/{structure}/{ESPACE}/requests"
        shown = (await town.world.call("users", claire)("GET", path)).json()["items"]
        return {one["user"]["id"]: one["id"] for one in shown if len(shown) == 3}

    lines = await soon(listed)
    assert await subscribed(town, claire)()
    await town.letter(claire, "Des demandes d’abonnement attendent")
    assert len(town.letters(claire)) == 1

    approve = {"verdict": "approved", "approval_ids": [lines[lea.user_id], lines[ada.user_id]]}
    refuse = {
        "verdict": "refused",
        "reason": "Pas pour vous.",
        "approval_ids": [lines[zoe.user_id]],
    }
    outcomes = []
    for by, answers in ((lea, approve), (claire, approve), (claire, approve), (claire, refuse)):
        decided = await town.world.call("approvals", by)(
            "PUT", "/v1/approvals/decisions", json=answers
        )
        assert decided.status_code == 200, decided.text
        outcomes.append([one["state"] or one["problem"]["type"] for one in decided.json()])
        await town.settle()

    assert outcomes == [
        ["/problems/not-your-own", "/problems/not-found"],
        ["approved", "approved"],
        ["approved", "approved"],
        ["refused"],
    ]
    assert await subscribed(town, lea)()
    assert await subscribed(town, ada)()
    assert not await subscribed(town, zoe)()
    await town.letter(ada, "habilitation est acceptée")
    assert "Pas pour vous." in town.text(await town.letter(zoe, "habilitation est refusée"))


async def _not(ask: Callable[[], Awaitable[bool]]) -> bool:
    return not await ask()
