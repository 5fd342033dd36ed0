"""Somebody asks for help and is answered: through the gateway, as the README tells it."""

import pytest

from tests.platform import Platform, User, answered, until

QUESTION = {
    "category": "FACTURES_EMISES",
    "subcategory": "SAISIE_ET_DEPOT",
    "object_number": "F-2026-0042",
    "title": "Je ne vois pas mes factures",
    "description": "<p>La page reste <b>vide</b>.</p>",
}
ACTS = ["opened", "taken", "solution-proposed", "solution-accepted"]


@pytest.mark.feature("SUP-16", "SUP-21", "SUP-22")
async def test_who_asks_for_help_is_answered_and_closes(platform: Platform, operator: User) -> None:
    lea = await platform.register("Lea")
    once = {"Idempotency-Key": "ticket-of-lea"}
    for _ in range(2):
        sent = await platform.ask("POST", "/v1/tickets", by=lea, json=QUESTION, headers=once)
        opened = answered(sent, 201)
    path = f"/v1/tickets/{opened['id']}"

    answered(await platform.ask("PUT", f"{path}/assignment", by=operator), 200)
    solution = {"text": "Videz le cache du navigateur."}
    solved = await platform.ask("POST", f"{path}/solutions", by=operator, json=solution)
    assert answered(solved, 200)["state"] == "resolved"
    letter = await platform.letter(lea.email, "une solution est proposée")
    assert f"> {solution['text']}" in letter
    accepted = await platform.ask("PUT", f"{path}/acceptance", by=lea)
    assert answered(accepted, 200)["state"] == "closed"

    told = answered(await platform.ask("GET", f"{path}/activity", by=lea), 200)["items"]
    happened = [one["kind"] for one in reversed(told) if one["kind"] in ACTS]
    assert happened == ACTS

    async def listed() -> list[str]:
        mine = answered(await platform.ask("GET", "/v1/me/letters", by=lea), 200)
        return [one["template"] for one in mine["items"]]

    # Of a ticket for oneself too, letters are in one's list.
    await until(listed, lambda found: {"ticket-opened", "ticket-news"} <= {*found})
