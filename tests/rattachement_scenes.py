"""The scenes of those who manage rattachements, and of leaving: see tests/scenes.py."""

from typing import Any

from kit.clock import today
from tests.platform import PASSWORD, User, an_address, token_in
from tests.scenes import OWN, Asked, Cast, as_it_is, scene

HERE = "the manager's structure, to which self is attached"
USERS = "/v1/structure-users"
ONE = f"{USERS}/{{structure_id}}/{{user_id}}"
IMPORTS = "/v1/rattachement-imports"
CSV = {"content-type": "text/csv"}
FILE = "email,structure_identifier,unit,valid_from,valid_until\n"

as_it_is(f"GET {USERS}", "those of structures one administers")
as_it_is(f"GET {USERS}.csv", "those of structures one administers")
as_it_is("GET /v1/rattachements/active", OWN)


def structure_id(cast: Cast) -> str:
    return str(cast.public.json()["id"])


def a_newcomer(structure: str, email: str) -> dict[str, Any]:
    return {"structure_id": structure, "email": email, "valid_from": today().isoformat()}


@scene(f"POST {USERS}", HERE)
async def attach(cast: Cast, role: str) -> Asked:
    body = a_newcomer(structure_id(cast), an_address("attached"))
    return Asked(USERS, cast.people[role], body={"json": body})


async def invited(cast: Cast) -> tuple[str, str]:
    """Somebody's address, and the id of the account that waits for them."""
    email = an_address("invited")
    body = a_newcomer(structure_id(cast), email)
    await cast.do("POST", USERS, 202, by=cast.manager, json=body)
    path, query = f"{USERS}/{structure_id(cast)}/invitations", "?size=500"
    listed = await cast.do("GET", path + query, 200, by=cast.manager)
    [id] = [one["user_id"] for one in listed.json()["items"] if one["email"] == email]
    return email, id


@scene("POST /v1/accounts/invitation")
async def accept(cast: Cast, role: str) -> Asked:
    email, _ = await invited(cast)
    token = token_in(await cast.platform.letter(email, "invité"))
    body = {"token": token, "password": PASSWORD, "first_name": "Noé", "last_name": "Roux"}
    return Asked("/v1/accounts/invitation", cast.people[role], body={"json": body})


def about_the_structure(what: str) -> None:
    @scene(f"GET {USERS}/{{structure_id}}/{what}", HERE)
    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(f"{USERS}/{structure_id(cast)}/{what}", cast.people[role])


about_the_structure("history")
about_the_structure("invitations")


def about_self(what: str, about: str) -> None:
    @scene(f"GET {ONE}{what}", about)
    async def asked(cast: Cast, role: str) -> Asked:
        return Asked(f"{USERS}/{structure_id(cast)}/{cast.self.id}{what}", cast.people[role])


about_self("", HERE)
about_self("/units", "self's own")


@scene(f"PUT {ONE}/detachment", HERE)
async def detach(cast: Cast, role: str) -> Asked:
    body = a_newcomer(structure_id(cast), cast.forgetful.email)
    await cast.do("POST", USERS, 202, by=cast.manager, json=body)
    path = f"{USERS}/{structure_id(cast)}/{cast.forgetful.id}/detachment"
    return Asked(path, cast.people[role], body={"json": {"comment": "Mutation."}})


@scene(f"PUT {ONE}/activation-letter", HERE)
async def write_again(cast: Cast, role: str) -> Asked:
    _, id = await invited(cast)
    return Asked(f"{USERS}/{structure_id(cast)}/{id}/activation-letter", cast.people[role])


@scene("PUT /v1/rattachements/departures", OWN)
async def leave(cast: Cast, role: str) -> Asked:
    structure, by = await cast.platform.create_structure(cast.founder), cast.people[role]
    left = structure.json()["id"]
    if by and by.email:
        await until_attached(cast, by, structure)
    body = {"structure_ids": [left], "confirmed": True}
    return Asked("/v1/rattachements/departures", by, body={"json": body})


async def until_attached(cast: Cast, user: User, structure: Any) -> None:
    body = a_newcomer(structure.json()["id"], user.email)
    given = {"by": cast.founder, "after": structure, "json": body}
    await cast.do("POST", USERS, 202, **given)


@scene(f"POST {IMPORTS}", OWN)
async def bring(cast: Cast, role: str) -> Asked:
    return Asked(IMPORTS, cast.people[role], body={"content": FILE}, headers=CSV)


def about_a_file(what: str) -> None:
    @scene(f"GET {IMPORTS}/{{id}}{what}", "self's file")
    async def asked(cast: Cast, role: str) -> Asked:
        brought = await cast.do("POST", IMPORTS, 202, by=cast.self, content=FILE, headers=CSV)
        return Asked(f"{IMPORTS}/{brought.json()['id']}{what}", cast.people[role])


for one in ("", "/lines", "/report.csv"):
    about_a_file(one)
