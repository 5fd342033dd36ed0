"""Somebody says how they wish to be written to, and is; what is not sent is found in their list."""

from typing import Any

import pytest

from kit.internal import Caller
from tests.approvals.stage import soon
from tests.journeys.town import Town


async def wishes(town: Town, of: Caller, **notifications: Any) -> None:
    users = town.world.call("users", of)
    account = (await users("GET", "/v1/me")).json()
    parameters = account["parameters"] | {"notifications": notifications}
    form = {"personal": account["personal"] | {"contact_email": None}, "parameters": parameters}
    form["personal"].pop("awaited_contact_email")
    saved = await users("PUT", "/v1/me", json=form)
    assert saved.status_code == 200, saved.text
    await town.settle()


@pytest.mark.feature("NOT-01", "NOT-05", "NOT-10")
async def test_whoever_wishes_for_no_letters_finds_them_in_their_list(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    structure = await town.structure(claire)
    await wishes(town, claire, rhythm="never")
    before = len(town.letters(claire))
    notifications = town.world.call("notifications", claire)

    asked = await town.ask(lea, structure["id"])
    assert (await town.decide(claire, asked.json()["id"], "approved")).status_code == 200
    await town.letter(lea, "accept")

    async def listed() -> Any:
        return (await notifications("GET", "/v1/me/letters")).json()["items"]

    [letter] = await soon(listed)
    assert letter["template"] == "approval-opened"
    assert "Léa Dupont" in letter["text"]
    path = f"/v1/me/letters/{letter['id']}/reading"
    assert (await notifications("PUT", path, json={"read": True})).status_code == 204
    assert (await notifications("GET", "/v1/me/letters")).json()["unread"] == 0
    assert len(town.letters(claire)) == before
