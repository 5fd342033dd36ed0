"""Reaching support beside the form: through the gateway, and on to the services that act."""

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest

from kit.clock import now
from tests.platform import PASSWORD, Platform, User, an_operator, answered, token_in, until
from tests.sirets import a_siret

NEW = "another long enough one"
TOWN = {"legal_name": "Commune de Nantes", "reason": "Nous recevons des factures."}


async def an_agent(platform: Platform) -> User:
    return await platform.register("Olga", email=an_operator())


async def grant(platform: Platform, agent: User, id: str, **but: Any) -> None:
    taken = await platform.ask("PUT", f"/v1/tickets/{id}/assignment", by=agent)
    answered(taken, 200)
    decision = {"verdict": "accepted", "answer": "C'est fait."} | but
    path = f"/v1/ops/ticket-requests/{id}/decision"
    answered(await platform.ask("PUT", path, by=agent, json=decision), 200)


@pytest.mark.feature("SUP-44")
async def test_an_account_comes_back_by_the_support_desk(platform: Platform):
    agent, zoe = await an_agent(platform), await platform.register("Zelie")
    said = {"current_password": PASSWORD, "confirmed": True}
    left = await platform.ask("PUT", "/v1/me/deactivation", by=zoe, json=said)
    answered(left, 204)
    form = {"email": zoe.email, "reason": "Un long congé."}
    sent = await platform.ask("POST", "/v1/public-tickets/reactivations", json=form)
    answered(sent, 201)
    token = token_in(await platform.letter(zoe.email, "Confirmez"))
    confirmed = await platform.ask("POST", "/v1/public-tickets/confirmation", json={"token": token})
    answered(confirmed, 200)
    assert confirmed.json()["number"] == sent.json()["number"]
    await grant(platform, agent, ticket_of(token))

    link = await platform.letter(zoe.email, "Réactivez")
    assert "C'est fait." in link
    new = {"password": NEW, "question": "Mon premier animal ?", "answer": "Un chat"}
    back = await platform.ask(
        "POST", "/v1/accounts/reactivation", json=new | {"token": token_in(link)}
    )
    answered(back, 200)
    signed = await platform.ask("POST", "/v1/sessions", json={"email": zoe.email, "password": NEW})
    answered(signed, 201)
    answer = await platform.letter(zoe.email, sent.json()["number"])
    assert "C'est fait." in answer


def ticket_of(token: str) -> str:
    """What a link is about stands in its middle."""
    middle = token.split(".")[1]
    return str(json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["sub"])


@pytest.mark.feature("SUP-45")
async def test_a_public_structure_is_asked_for_and_made_known(platform: Platform):
    agent, mayor = await an_agent(platform), await platform.register("Marc")
    siret = a_siret()
    wanted = TOWN | {"identifier": {"type": "SIRET", "value": siret}}
    asked = await platform.ask("POST", "/v1/structure-requests", by=mayor, json=wanted)
    answered(asked, 201)
    id = asked.json()["id"]
    await grant(platform, agent, id)

    async def ticket() -> Any:
        return (await platform.ask("GET", f"/v1/tickets/{id}/request", by=mayor)).json()

    done = await until(ticket, lambda seen: seen["status"] == "done")

    async def record() -> Any:
        path = f"/v1/structures/{done['structure_id']}"
        return (await platform.ask("GET", path, by=mayor)).json()

    structure = await until(record, lambda seen: "created_by" in seen)
    assert (structure["kind"], structure["created_by"]) == ("public", mayor.id)
    again = await platform.ask("POST", "/v1/structure-requests", by=mayor, json=wanted)
    await grant(platform, agent, again.json()["id"])
    id = again.json()["id"]
    failed = await until(ticket, lambda seen: seen["status"] == "failed")
    assert failed["refusal"] == ""
    read = await platform.ask("GET", f"/v1/tickets/{id}/request", by=agent)
    assert read.json()["refusal"] == "/problems/structure-already-known"


@pytest.mark.feature("SUP-03")
async def test_an_exchange_is_seen_as_it_is_written(platform: Platform):
    agent, ana = await an_agent(platform), await platform.register("Ana")
    theme = {"theme": "AUTRE", "text": "Bonjour"}
    begun = await platform.ask("POST", "/v1/exchanges", by=ana, json=theme)
    answered(begun, 201)
    path = begun.headers["location"]
    messages = f"{path}/messages"
    answered(await platform.ask("PUT", f"/v1/ops{path[3:]}/agent", by=agent), 200)

    began = now()
    waiting = asyncio.create_task(platform.ask("GET", f"{messages}?wait=10", by=ana))
    await asyncio.sleep(0.3)
    answered(await platform.ask("POST", messages, by=agent, json={"text": "Oui ?"}), 201)
    [heard] = (await waiting).json()["items"]
    assert heard["text"] == "Oui ?"
    assert now() - began < timedelta(seconds=8)
    ended = await platform.ask("PUT", f"{path}/end", by=agent, json={"answer": "Voilà."})
    answered(ended, 200)

    id = begun.json()["id"]
    activity = await platform.ask("GET", f"/v1/tickets/{id}/activity", by=ana)
    assert [one["text"] for one in activity.json()["items"]][:2] == ["Voilà.", "Oui ?"]
    assert (await platform.ask("GET", f"/v1/tickets/{id}", by=ana)).json()["state"] == "resolved"
