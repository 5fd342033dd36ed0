"""Somebody stops letters by the link of one: what happens is still there to be read."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from kit.internal import Caller
from tests.journeys.town import Town


@pytest.mark.feature("NOT-01", "NOT-05")
async def test_with_one_click_of_a_mail_program(town: Town):
    lea, claire = await town.person(), await town.person("Claire", "Martin")
    structure = await town.structure(claire)

    async def refused(reason: str) -> None:
        asked = await town.ask(lea, structure["id"])
        await town.decide(claire, asked.json()["id"], "refused", reason)

    await refused("Inconnue ici.")
    letter = await town.letter(lea, "refusée")
    url = urlsplit(letter["List-Unsubscribe"].strip(" <>"))
    answer = await town.world.call("users")(
        "POST",
        url.path,
        params=parse_qs(url.query),
        data={"List-Unsubscribe": "One-Click"},
    )
    await town.settle()
    await refused("Toujours inconnue.")

    async def held_back() -> list[str]:
        desk = town.world.call("notifications", Caller(user_id="u-ops", operator=True))
        suppressed = await desk("GET", "/v1/ops/letters", params={"status": "suppressed"})
        paths = [f"/v1/ops/letters/{one['id']}" for one in suppressed.json()["items"]]
        return [(await desk("GET", path)).json()["text"] for path in paths]

    assert answer.status_code == 200, answer.text
    async with asyncio.timeout(10):
        while not (texts := await held_back()):  # noqa: ASYNC110  # it is tried elsewhere
            await asyncio.sleep(0.02)
    assert "Toujours inconnue." in texts[0]
    assert len([one for one in town.letters(lea) if "refusée" in one["Subject"]]) == 1
    mine = await town.world.call("notifications", lea)("GET", "/v1/me/letters")
    assert [one["subject"] for one in mine.json()["items"]].count(str(letter["Subject"])) == 2
