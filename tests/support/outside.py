"""Somebody who has not signed in, as the tests of support let them write and follow links."""

import json
from datetime import timedelta
from typing import Any

from contracts.support import CorrespondentAnswered
from kit.clock import now
from kit.internal import Caller
from kit.links import sign_link
from services.notifications.domain.correspondent_letters import on_answered
from services.support.correspondence import PURPOSE
from tests.support.desk import Desk, client

FORM = {
    "email": "zoe@example.org",
    "category": "GESTION_STRUCTURES_UTILISATEURS",
    "subcategory": "COMPTE_UTILISATEUR",
    "title": "Je ne reçois rien",
    "description": "<b>Bonjour</b>\nhttps://evil.example/",
}


async def facts(desk: Desk, type: str) -> list[dict[str, Any]]:
    rows = await desk.service.journal.rows.find({"type": type}).to_list(None)
    return [json.loads(bytes(row["data"])) for row in rows]


def nobody(desk: Desk) -> Any:
    return client(desk.app, desk.service, Caller(address="203.0.113.7"))


async def sent(desk: Desk, path: str = "", **but: Any) -> str:
    """Its number."""
    body = FORM | but if not path else {"email": "zoe@example.org", "reason": "Un congé."} | but
    async with nobody(desk) as anybody:
        answer = await anybody.post(f"/v1/public-tickets{path}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def token(desk: Desk, **but: Any) -> str:
    [*_, told] = await facts(desk, "support.form-sent.v1")
    said = {
        "purpose": PURPOSE,
        "user_id": told["ticket_id"],
        "nonce": told["nonce"],
        "expires_at": now() + timedelta(hours=1),
    }
    return sign_link(desk.service.settings.link_key.get_secret_value(), **said | but)


async def reply_token(desk: Desk, **but: Any) -> str:
    """That of the letter with the newest answer."""
    [*_, told] = await facts(desk, "support.correspondent-answered.v1")
    letter = on_answered(CorrespondentAnswered(**told))
    assert letter.link
    said = {
        "purpose": letter.link.purpose,
        "user_id": letter.recipient_id,
        "nonce": letter.link.nonce,
        "expires_at": now() + timedelta(hours=1),
    }
    return sign_link(desk.service.settings.link_key.get_secret_value(), **said | but)


async def answered(desk: Desk, id: str, text: str) -> None:
    async with desk.by("olga", operator=True) as olga:
        await olga.put(f"/v1/tickets/{id}/assignment")
        answer = await olga.post(f"/v1/tickets/{id}/solutions", json={"text": text})
    assert answer.status_code == 200, answer.text


async def confirmed(desk: Desk) -> str:
    """The id of the ticket."""
    async with nobody(desk) as anybody:
        answer = await anybody.post(
            "/v1/public-tickets/confirmation", json={"token": await token(desk)}
        )
    assert answer.status_code == 200, answer.text
    return str((await facts(desk, "support.form-sent.v1"))[-1]["ticket_id"])
