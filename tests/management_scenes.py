"""The scenes of handing over, leaving, coming back and claiming: see tests/scenes.py."""

import re
from typing import Any

from httpx import Response

from contracts.users import CLAIM_DIGITS
from tests.platform import PASSWORD, User, an_address, token_in, until
from tests.scenes import KNOWN, OWN, OWN_ACCOUNT, Asked, Cast, as_it_is, scene, somebody_like
from tests.sirets import a_siret

HERE = "the manager's structure, to which self is attached"
OWN_CLAIM = "self's claim"
TRANSFERS, CLAIMS = "/v1/management-transfers", "/v1/vacancy-claims"
REACTIVATION = "/v1/accounts/reactivation"
LEAVING = KNOWN | {"confirmed": True}

as_it_is("GET /v1/managed-structures", OWN)
as_it_is(f"GET {CLAIMS}", OWN)
as_it_is("GET /v1/ops/vacancy-claims")
as_it_is(f"POST {REACTIVATION}-links", json={"email": "nobody@example.org"})


async def attached(cast: Cast) -> Response:
    """Another structure of the manager, to which self is attached."""
    structure = await cast.platform.create_structure(cast.manager)
    asked = await cast.platform.request_rattachement(cast.self, structure)
    decided = await cast.platform.decide(cast.manager, asked, verdict="approved")

    async def state() -> Any:
        path = asked.headers.get("location", f"/v1/rattachements/{asked.json()['id']}")
        return (await cast.platform.ask("GET", path, by=cast.self, after=decided)).json()

    await until(state, lambda seen: seen["status"] == "granted")
    return structure


@scene(f"POST {TRANSFERS}", HERE)
async def transfer(cast: Cast, role: str) -> Asked:
    structure = await attached(cast) if role == "manager" else cast.public
    chosen = {"type": "unitary", "structure_ids": [structure.json()["id"]]}
    other = cast.manager if role == "self" else cast.self
    return Asked(TRANSFERS, cast.people[role], body={"json": chosen | {"user_id": other.id}})


@scene("GET /v1/managed-structures/successors", HERE)
async def successors(cast: Cast, role: str) -> Asked:
    query = f"?structure_id={cast.public.json()['id']}&q=sol"
    return Asked(f"/v1/managed-structures/successors{query}", cast.people[role])


@scene("PUT /v1/me/deactivation", OWN_ACCOUNT)
async def leave(cast: Cast, role: str) -> Asked:
    by = await somebody_like(cast, role)
    return Asked("/v1/me/deactivation", by, body={"json": LEAVING})


@scene(f"POST {REACTIVATION}")
async def come_back(cast: Cast, role: str) -> Asked:
    user = await somebody_like(cast, "founder")
    assert user
    await cast.do("PUT", "/v1/me/deactivation", 204, by=user, json=LEAVING)
    await cast.do("POST", f"{REACTIVATION}-links", 202, json={"email": user.email})
    token = token_in(await cast.platform.letter(user.email, "Réactivez"))
    chosen = {"question": "Mon premier animal ?", "answer": "Un chat"}
    body = {"json": chosen | {"token": token, "password": PASSWORD + " anew"}}
    return Asked(REACTIVATION, cast.people[role], body=body)


def documents(structure_id: str) -> dict[str, str]:
    return {"structure_id": structure_id, "proof": "documents", "reference": "CPROCS0000001"}


@scene(f"POST {CLAIMS}", "a public structure")
async def claim(cast: Cast, role: str) -> Asked:
    return Asked(CLAIMS, cast.people[role], body={"json": documents(cast.town_hall)})


async def claimed(cast: Cast, by: User, structure_id: str) -> str:
    made = await cast.do("POST", CLAIMS, 202, by=by, json=documents(structure_id))
    return str(made.json()["id"])


@scene(f"GET {CLAIMS}/{{id}}", OWN_CLAIM)
async def see_claim(cast: Cast, role: str) -> Asked:
    id = await claimed(cast, cast.self, cast.town_hall)
    return Asked(f"{CLAIMS}/{id}", cast.people[role])


@scene(f"PUT {CLAIMS}/{{id}}/proof", OWN_CLAIM)
async def prove(cast: Cast, role: str) -> Asked:
    code = "0" * CLAIM_DIGITS
    if role != "self":
        id = await claimed(cast, cast.self, cast.town_hall)
    else:
        id, code = await a_code(cast)
    return Asked(f"{CLAIMS}/{id}/proof", cast.people[role], body={"json": {"code": code}})


async def a_code(cast: Cast) -> tuple[str, str]:
    """A claim of self, and its code as the letter to the structure brings it."""
    structure, email = await cast.platform.create_structure(cast.founder), an_address("contact")
    path, body = structure.headers["location"], {"email": email}
    changed = await cast.do("PATCH", path, 200, by=cast.founder, after=structure, json=body)
    asked = {"structure_id": structure.json()["id"], "proof": "code"}
    made = await cast.do("POST", CLAIMS, 202, by=cast.self, after=changed, json=asked)
    letter = await cast.platform.letter(email, "revendique")
    [code] = re.findall(rf"^(\d{{{CLAIM_DIGITS}}})\r?$", letter, re.MULTILINE)
    return made.json()["id"], code


@scene(f"PUT {CLAIMS}/{{id}}/objection", "self's proved claim to the manager's structure")
async def object_to(cast: Cast, role: str) -> Asked:
    structure = await cast.platform.create_structure(cast.manager)
    asked = documents(structure.json()["id"])
    made = await cast.do("POST", CLAIMS, 202, by=cast.self, after=structure, json=asked)
    id, said = made.json()["id"], {"verdict": "confirmed"}
    await cast.do("PUT", f"/v1/ops/vacancy-claims/{id}/decision", 200, by=cast.operator, json=said)
    return Asked(f"{CLAIMS}/{id}/objection", cast.people[role])


@scene("POST /v1/ops/vacancy-claims", "a structure that nobody manages")
async def assign(cast: Cast, role: str) -> Asked:
    structure_id = await cast.platform.import_public(a_siret())

    async def known() -> int:
        path = f"/v1/espaces/{structure_id}"
        return (await cast.platform.ask("GET", path, by=cast.operator)).status_code

    await until(known, lambda status: status == 200)
    asked = {"reference": "CPROCS0000001", "reason": "Délibération", "email": cast.self.email}
    body = {"json": asked | {"structure_id": structure_id}}
    return Asked("/v1/ops/vacancy-claims", cast.people[role], body=body)


@scene("POST /v1/ops/accounts/reactivation-links", "a deactivated account")
async def send_back(cast: Cast, role: str) -> Asked:
    user = await somebody_like(cast, "founder")
    assert user
    await cast.do("PUT", "/v1/me/deactivation", 204, by=user, json=LEAVING)
    body = {"json": {"email": user.email, "reason": "Retour de congé"}}
    return Asked("/v1/ops/accounts/reactivation-links", cast.people[role], body=body)


@scene("PUT /v1/ops/vacancy-claims/{id}/decision", OWN_CLAIM)
async def decide(cast: Cast, role: str) -> Asked:
    id = await claimed(cast, cast.self, cast.town_hall)
    said = {"json": {"verdict": "rejected", "reason": "Illisible"}}
    return Asked(f"/v1/ops/vacancy-claims/{id}/decision", cast.people[role], body=said)
