"""What the actions on tickets are done to."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.platform import User, an_address
from tests.scenes import Asked, Cast, scene

TICKET = {
    "category": "FACTURES_EMISES",
    "subcategory": "SAISIE_ET_DEPOT",
    "object_number": "F-2026-0007",
    "title": "Ma demande",
    "description": "Elle est rejetée.",
}
QUESTION = TICKET | {
    "category": "PAIEMENT",
    "subcategory": "M_QUESTION_DEMANDE_REJETEE",
}
OWN_TICKET, RECEIVED = "self's ticket", "a question to the manager's structure"
TAKEN = "self's ticket that the operator has taken"
ANSWERED = "self's ticket that is answered"
AUTHORS: dict[str, User] = {}
"""For each cast, by its self."""
SAID = {"json": {"text": "Voilà."}}


async def writes(cast: Cast, by: User, ticket: dict[str, Any]) -> str:
    written = await cast.do("POST", "/v1/tickets", 201, by=by, json=ticket)
    return f"/v1/tickets/{written.json()['id']}"


async def draft(cast: Cast) -> str:
    mine = {"structure_id": cast.public.json()["id"], "draft": True}
    return await writes(cast, cast.self, TICKET | mine)


async def sent(cast: Cast) -> str:
    return await writes(cast, cast.self, TICKET | {"structure_id": cast.public.json()["id"]})


async def an_author(cast: Cast) -> User:
    """Of nobody's side, and whose password and sessions no other scene changes."""
    if cast.self.id not in AUTHORS:
        AUTHORS[cast.self.id] = await cast.platform.register("Agathe", email=an_address("author"))
    return AUTHORS[cast.self.id]


async def received(cast: Cast) -> str:
    to_it = {"recipient_structure_id": cast.public.json()["id"]}
    return await writes(cast, await an_author(cast), QUESTION | to_it)


async def asks_others(cast: Cast) -> str:
    theirs = {
        "structure_id": cast.public.json()["id"],
        "recipient_structure_id": cast.client.json()["structure_id"],
    }
    return await writes(cast, cast.self, QUESTION | theirs)


async def taken(cast: Cast) -> str:
    path = await sent(cast)
    await cast.do("PUT", f"{path}/assignment", 200, by=cast.operator)
    return path


async def asked_for_more(cast: Cast) -> str:
    path = await taken(cast)
    await cast.do("POST", f"{path}/questions", 200, by=cast.operator, **SAID)
    return path


async def answered_by_the_desk(cast: Cast) -> str:
    path = await taken(cast)
    await cast.do("POST", f"{path}/solutions", 200, by=cast.operator, **SAID)
    return path


def on_a_ticket(
    action: str, about: str, made: Callable[[Cast], Awaitable[str]], **body: Any
) -> None:
    then = action.partition("{id}")[2]

    @scene(action, about)
    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(f"{await made(cast)}{then}", cast.people[role], body=body)


ONE = "/v1/tickets/{id}"
on_a_ticket(f"GET {ONE}", "self's draft", draft)
on_a_ticket(f"GET {ONE}", OWN_TICKET, sent)
on_a_ticket(f"GET {ONE}", RECEIVED, received)
on_a_ticket(f"PUT {ONE}", "self's draft", draft, json={"title": "Autrement"})
on_a_ticket(f"DELETE {ONE}", "self's draft", draft)
on_a_ticket(f"PUT {ONE}/submission", "self's draft", draft)
on_a_ticket(f"PUT {ONE}/closure", OWN_TICKET, sent)
on_a_ticket(f"GET {ONE}/activity", OWN_TICKET, sent)
on_a_ticket(f"POST {ONE}/information", "self's ticket that waits for it", asked_for_more, **SAID)
on_a_ticket(f"PUT {ONE}/acceptance", ANSWERED, answered_by_the_desk)
on_a_ticket(f"POST {ONE}/refusals", ANSWERED, answered_by_the_desk, **SAID)
on_a_ticket(f"PUT {ONE}/assignment", OWN_TICKET, sent)
on_a_ticket(f"PUT {ONE}/assignment", RECEIVED, received)
on_a_ticket(f"DELETE {ONE}/assignment", TAKEN, taken)
on_a_ticket(f"POST {ONE}/notes", OWN_TICKET, sent, **SAID)
on_a_ticket(f"POST {ONE}/notes", RECEIVED, received, **SAID)
on_a_ticket(f"POST {ONE}/questions", TAKEN, taken, **SAID)
on_a_ticket(f"POST {ONE}/solutions", TAKEN, taken, **SAID)
on_a_ticket(f"PUT {ONE}/transfer", "self's question to a structure of others", asks_others, **SAID)
on_a_ticket(
    *(f"PUT {ONE}/category", TAKEN, taken),
    json={"category": "TRAITEMENT_FACTURE", "subcategory": "SAISIE_ET_DEPOT"},
)
