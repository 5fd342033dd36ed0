"""The scenes of suppliers and their clients: see tests/scenes.py."""

from typing import Any

from tests.platform import until
from tests.scenes import Asked, Cast, scene

SUPPLIER = "the manager's structure as a supplier"
ACCOUNT = "the account of a client of the manager's structure"
AS_CLIENT = "the account of the manager's structure as a client"
PROFILE = "a profile of the manager's structure"
PROPERTIES = {
    "chorus": False,
    "orders": {
        "engagement_number_required": False,
        "validation_history": True,
        "offer_subtotal": False,
    },
}


@scene("POST /v1/client-accounts", SUPPLIER)
async def open_client_account(cast: Cast, role: str) -> Asked:
    client = await cast.platform.create_structure(cast.founder)
    body = {"supplier_id": cast.public.json()["id"], "structure_id": client.json()["id"]}
    return Asked("/v1/client-accounts", cast.people[role], body={"json": body})


def of_the_supplier(action: str) -> None:
    async def asked(cast: Cast, role: str) -> Asked:
        path = f"{action.split(' ')[1]}?supplier_id={cast.public.json()['id']}"
        return Asked(path, cast.people[role])

    scene(action, SUPPLIER)(asked)


for one in ("client-accounts", "client-accounts/group-report", "client-profiles"):
    of_the_supplier(f"GET /v1/{one}")


def of_an_account(action: str, **body: Any) -> None:
    what = action.partition("{id}")[2]

    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(cast.client.headers["location"] + what, cast.people[role], body=body)

    scene(action, ACCOUNT)(asked)


for one in ("", "/document-defaults", "/users", "/messages", "/order-checks"):
    of_an_account(f"GET /v1/client-accounts/{{id}}{one}")
of_an_account("PUT /v1/client-accounts/{id}", json={"name": "Papeterie"})
of_an_account("PUT /v1/client-accounts/{id}/properties", json=PROPERTIES)
of_an_account("POST /v1/client-accounts/{id}/messages", json={"text": "Bonjour"})
of_an_account("POST /v1/client-accounts/{id}/order-checks", json={"order_number": "C-7"})


CLIENT_ANSWERS = tuple(f"PUT /v1/client-accounts/{{id}}/{one}" for one in ("acceptance", "refusal"))


def as_a_client(action: str, **body: Any) -> None:
    """The other side: the manager's structure is the client, of a structure of the founder."""
    what = action.partition("{id}")[2]

    async def asked(cast: Cast, role: str) -> Asked:
        supplier = await cast.platform.create_structure(cast.founder)
        account = {
            "supplier_id": supplier.json()["id"],
            "structure_id": cast.public.json()["id"],
        }
        opened = await cast.do("POST", "/v1/client-accounts", 201, by=cast.founder, json=account)
        if action not in CLIENT_ANSWERS:
            await cast.do("PUT", opened.headers["location"] + "/acceptance", 200, by=cast.manager)
        return Asked(opened.headers["location"] + what, cast.people[role], body=body)

    scene(action, AS_CLIENT)(asked)


as_a_client("GET /v1/client-accounts/{id}")
as_a_client("GET /v1/client-accounts/{id}/messages")
as_a_client("POST /v1/client-accounts/{id}/messages", json={"text": "Bonjour"})
for one in ("GET /v1/client-accounts/{id}/consent", *CLIENT_ANSWERS):
    as_a_client(one)


@scene("POST /v1/client-profiles", SUPPLIER)
async def keep_profile(cast: Cast, role: str) -> Asked:
    asked = {"supplier_id": cast.public.json()["id"], "name": "Collectivité"}
    return Asked("/v1/client-profiles", cast.people[role], body={"json": asked})


@scene("GET /v1/client-profiles/{id}", PROFILE)
async def read_profile(cast: Cast, role: str) -> Asked:
    return Asked(cast.profile.headers["location"], cast.people[role])


@scene("PUT /v1/client-profiles/{id}", PROFILE)
async def rewrite_profile(cast: Cast, role: str) -> Asked:
    path = cast.profile.headers["location"]
    return Asked(path, cast.people[role], body={"json": {"name": "Mairie"}})


@scene("DELETE /v1/client-profiles/{id}", PROFILE)
async def forget_profile(cast: Cast, role: str) -> Asked:
    kept = await keep_profile(cast, "manager")
    made = await cast.do("POST", kept.path, 201, by=cast.manager, **kept.body)
    return Asked(made.headers["location"], cast.people[role])


@scene("POST /v1/client-accounts/{id}/profile-loads", ACCOUNT)
async def load_profile(cast: Cast, role: str) -> Asked:
    path = f"{cast.client.headers['location']}/profile-loads"
    body = {"profile_id": cast.profile.json()["id"]}
    return Asked(path, cast.people[role], body={"json": body})


async def a_contact(cast: Cast) -> str:
    """Where the founder is, as a user of the client."""
    path = cast.client.headers["location"]

    async def users() -> list[Any]:
        found = await cast.do("GET", f"{path}/users", 200, by=cast.manager)
        return list(found.json()["items"])

    # Until the founder's rights there have been heard.
    await until(users, bool)
    return f"{path}/users/{cast.founder.id}"


@scene("GET /v1/client-accounts/{id}/users/{user_id}", ACCOUNT)
async def read_contact(cast: Cast, role: str) -> Asked:
    return Asked(await a_contact(cast), cast.people[role])


@scene("PUT /v1/client-accounts/{id}/users/{user_id}", ACCOUNT)
async def switch_contact(cast: Cast, role: str) -> Asked:
    body = {"permissions": {"support": False}}
    return Asked(await a_contact(cast), cast.people[role], body={"json": body})


@scene("POST /v1/facts", ACCOUNT)
async def tell_fact(cast: Cast, role: str) -> Asked:
    said = {"kind": "invoice", "amount": "12.50", "currency": "EUR", "date": "2026-01-05"}
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/invoices",
        "type": "invoicing.transaction-recorded.v1",
        "data": said | {"client_account": cast.client.json()["id"]},
    }
    headers = {"content-type": "application/cloudevents+json"}
    return Asked("/v1/facts", cast.people[role], body={"json": fact}, headers=headers)
