"""What the actions of the other ways to reach support are done to."""

from typing import Any

from tests.platform import User, an_address, token_in
from tests.scenes import OWN, Asked, Cast, as_it_is, scene

QUESTION = {"question": "mon compte est bloqué"}
THEME = {"theme": "AUTRE", "text": "Bonjour"}
FORM = {
    "category": "UTILISATION_PLATEFORME",
    "subcategory": "AUTRE_QUESTION",
    "title": "Une question",
}
TOWN = {
    "identifier": {"type": "RIDET", "value": "0123456789"},
    "legal_name": "Commune de Nouméa",
    "reason": "Nous recevons des factures.",
}
EXCHANGE = "self's exchange that the operator has"
REQUEST = "self's request for a public structure"

as_it_is("GET /v1/ticket-categories")
as_it_is("GET /v1/support", OWN)
as_it_is("GET /v1/assistant/articles")
as_it_is("POST /v1/assistant/questions", json=QUESTION)
as_it_is("POST /v1/assistant/handovers", json=QUESTION)
as_it_is("GET /v1/exchange-themes")
as_it_is("GET /v1/ops/exchanges")
as_it_is("GET /v1/public-tickets/categories")
as_it_is("GET /v1/public-tickets/effort")
as_it_is("POST /v1/public-tickets/questions", json=QUESTION)
as_it_is("POST /v1/structure-requests", json=TOWN)


def a_form() -> dict[str, Any]:
    return {"json": FORM | {"email": an_address("public")}}


@scene("POST /v1/public-tickets")
async def write_unknown(cast: Cast, role: str) -> Asked:
    return Asked("/v1/public-tickets", cast.people[role], body=a_form())


@scene("POST /v1/public-tickets/reactivations")
async def ask_back(cast: Cast, role: str) -> Asked:
    body = {"json": {"email": an_address("public"), "reason": "Un long congé."}}
    return Asked("/v1/public-tickets/reactivations", cast.people[role], body=body)


@scene("POST /v1/public-tickets/confirmation")
async def confirm(cast: Cast, role: str) -> Asked:
    asked = await write_unknown(cast, role)
    await cast.do("POST", asked.path, 201, **asked.body)
    letter = await cast.platform.letter(asked.body["json"]["email"], "Confirmez")
    body = {"json": {"token": token_in(letter)}}
    return Asked("/v1/public-tickets/confirmation", cast.people[role], body=body)


@scene("POST /v1/incoming-letters", "a letter to the desk")
async def bring_a_letter(cast: Cast, role: str) -> Asked:
    letter = f"From: {an_address('letter')}\nSubject: Une question\n\nBonjour".encode()
    headers = {"content-type": "message/rfc822"}
    path = "/v1/incoming-letters"
    return Asked(path, cast.people[role], body={"content": letter}, headers=headers)


async def an_answer(cast: Cast) -> dict[str, Any]:
    """What its letter lets whoever wrote without signing in say of it."""
    form, public = a_form(), "/v1/public-tickets"
    await cast.do("POST", public, 201, **form)
    email = form["json"]["email"]
    token = token_in(await cast.platform.letter(email, "Confirmez"))
    confirmed = await cast.do("POST", f"{public}/confirmation", 200, json={"token": token})
    found = {"number": confirmed.json()["number"]}
    listed = await cast.do("GET", "/v1/tickets", 200, by=cast.operator, params=found)
    ticket = f"/v1/tickets/{listed.json()['items'][0]['id']}"
    await cast.do("PUT", f"{ticket}/assignment", 200, by=cast.operator)
    await cast.do("POST", f"{ticket}/solutions", 200, by=cast.operator, json={"text": "Voilà."})
    return {"token": token_in(await cast.platform.letter(email, "Réponse"))}


@scene("POST /v1/public-tickets/acceptance")
async def accept(cast: Cast, role: str) -> Asked:
    body = {"json": await an_answer(cast)}
    return Asked("/v1/public-tickets/acceptance", cast.people[role], body=body)


@scene("POST /v1/public-tickets/refusals")
async def refuse(cast: Cast, role: str) -> Asked:
    body = {"json": await an_answer(cast) | {"text": "Toujours rien."}}
    return Asked("/v1/public-tickets/refusals", cast.people[role], body=body)


async def an_exchange(cast: Cast, user: User | None) -> str:
    """Whatever they had under way is ended first."""
    begun = await cast.platform.ask("POST", "/v1/exchanges", by=user, json=THEME)
    if begun.status_code == 409:
        path = f"/v1/exchanges/{begun.json()['exchange_id']}"
        await cast.do("PUT", f"{path}/end", 200, by=user, json={})
        begun = await cast.do("POST", "/v1/exchanges", 201, by=user, json=THEME)
    return str(begun.headers["location"])


@scene("POST /v1/exchanges", OWN)
async def begin(cast: Cast, role: str) -> Asked:
    user = cast.people[role]
    if user and user.email:
        path = await an_exchange(cast, user)
        await cast.do("PUT", f"{path}/end", 200, by=user, json={})
    return Asked("/v1/exchanges", user, body={"json": THEME})


async def taken(cast: Cast) -> str:
    path = await an_exchange(cast, cast.self)
    await cast.do("PUT", f"/v1/ops{path.removeprefix('/v1')}/agent", 200, by=cast.operator)
    return path


@scene("PUT /v1/ops/exchanges/{id}/agent")
async def take(cast: Cast, role: str) -> Asked:
    path = (await an_exchange(cast, cast.self)).removeprefix("/v1")
    return Asked(f"/v1/ops{path}/agent", cast.people[role])


def on_an_exchange(action: str, **body: Any) -> None:
    then = action.partition("{id}")[2]

    @scene(action, EXCHANGE)
    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(f"{await taken(cast)}{then}", cast.people[role], body=body)


on_an_exchange("GET /v1/exchanges/{id}")
on_an_exchange("GET /v1/exchanges/{id}/messages")
on_an_exchange("POST /v1/exchanges/{id}/messages", json={"text": "Voilà."})
on_an_exchange("PUT /v1/exchanges/{id}/end", json={})


async def requested(cast: Cast) -> str:
    asked = await cast.do("POST", "/v1/structure-requests", 201, by=cast.self, json=TOWN)
    return str(asked.json()["id"])


@scene("GET /v1/tickets/{id}/request", REQUEST)
async def read_request(cast: Cast, role: str) -> Asked:
    return Asked(f"/v1/tickets/{await requested(cast)}/request", cast.people[role])


@scene("PUT /v1/ops/ticket-requests/{id}/decision", f"{REQUEST} that the operator has taken")
async def decide(cast: Cast, role: str) -> Asked:
    id = await requested(cast)
    await cast.do("PUT", f"/v1/tickets/{id}/assignment", 200, by=cast.operator)
    body = {"json": {"verdict": "refused", "answer": "Elle existe déjà."}}
    return Asked(f"/v1/ops/ticket-requests/{id}/decision", cast.people[role], body=body)
