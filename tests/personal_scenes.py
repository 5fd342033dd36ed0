"""The scenes of what belongs to a person alone, and of identity providers: see tests/scenes.py."""

from typing import Any
from urllib.parse import quote

from tests.filing_scenes import PDF, TYPE
from tests.platform import User, an_address, token_in, until
from tests.scenes import KNOWN, OWN, Asked, Cast, as_it_is, scene
from tests.stub_provider import REDIRECT
from tests.turns import WORKER

MINE = "/v1/me/attachments"
THEIRS = "self's file"
EXPORT = "self's export"
BEGIN = {"provider": f"stub-{WORKER}", "redirect_uri": REDIRECT}

as_it_is("GET /v1/oidc/providers")
as_it_is("POST /v1/oidc/authorizations", json=BEGIN)
as_it_is("POST /v1/accounts/erasure-links", json={"email": "nobody@example.org"})
as_it_is("GET /v1/me/attachment-types")
for one in ("identities", "attachments", "exports"):
    as_it_is(f"GET /v1/me/{one}", OWN)
as_it_is("POST /v1/me/exports", OWN)


async def recognised(cast: Cast, sub: str, email: str) -> dict[str, Any]:
    begun = (await cast.do("POST", "/v1/oidc/authorizations", 201, json=BEGIN)).json()
    claims = {"email": email, "email_verified": True, "given_name": "Ada", "family_name": "Byron"}
    back = cast.provider.sign_in(begun["authorization_url"], sub, **claims)
    return back | {"sign_in": begun["sign_in"]}


@scene("POST /v1/oidc/sessions")
async def arrive(cast: Cast, role: str) -> Asked:
    email = an_address("ada")
    body = await recognised(cast, email, email)
    return Asked("/v1/oidc/sessions", cast.people[role], body={"json": body})


@scene("DELETE /v1/me/identities/{id}", "self's identity")
async def unlink(cast: Cast, role: str) -> Asked:
    body = await recognised(cast, an_address("sub"), cast.self.email)
    await cast.do("POST", "/v1/oidc/sessions", 201, json=body)
    [linked] = (await cast.do("GET", "/v1/me/identities", 200, by=cast.self)).json()["items"][-1:]
    return Asked(f"/v1/me/identities/{linked['id']}", cast.people[role])


def a_file() -> dict[str, Any]:
    return {"params": {"name": "carte.pdf", "type": "CARTE_GRISE"}, "content": PDF}


async def a_file_of_self(cast: Cast) -> str:
    made = await cast.do("POST", MINE, 201, by=cast.self, headers=TYPE, **a_file())
    return str(made.json()["id"])


@scene(f"POST {MINE}", OWN)
async def bring(cast: Cast, role: str) -> Asked:
    return Asked(MINE, cast.people[role], None, a_file(), TYPE)


def on_file(method: str, path: str, sent: str = "", **body: Any) -> None:
    async def asked(cast: Cast, role: str) -> Asked:
        id = await a_file_of_self(cast)
        return Asked((sent or path).replace("{id}", id), cast.people[role], body=body)

    scene(f"{method} {path}", THEIRS)(asked)


on_file("DELETE", MINE, f"{MINE}?id={{id}}")
on_file("GET", f"{MINE}/archive", f"{MINE}/archive?id={{id}}")
on_file("PUT", f"{MINE}/{{id}}", json={"designation": "Carte", "type": "AUTRE"})
on_file("POST", f"{MINE}/{{id}}/references")
for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
    on_file(method, f"{MINE}/{{id}}{rest}")


@scene("GET /v1/attachment-references/{reference}/content", "a file that self has referred to")
async def read_referred(cast: Cast, role: str) -> Asked:
    path = f"{MINE}/{await a_file_of_self(cast)}/references"
    reference = (await cast.do("POST", path, 201, by=cast.self)).json()["reference"]
    return Asked(f"/v1/attachment-references/{quote(reference)}/content", cast.people[role])


async def an_export(cast: Cast) -> str:
    made = await cast.do("POST", "/v1/me/exports", 202, by=cast.self)
    path = f"/v1/me/exports/{made.json()['id']}"

    async def status() -> str:
        return str((await cast.do("GET", path, 200, by=cast.self)).json()["status"])

    await until(status, lambda seen: seen == "ready")
    return path


@scene("GET /v1/me/exports/{id}", EXPORT)
async def read_export(cast: Cast, role: str) -> Asked:
    made = await cast.do("POST", "/v1/me/exports", 202, by=cast.self)
    return Asked(f"/v1/me/exports/{made.json()['id']}", cast.people[role])


@scene("POST /v1/me/exports/{id}/download", EXPORT)
async def take_export(cast: Cast, role: str) -> Asked:
    return Asked(f"{await an_export(cast)}/download", cast.people[role])


@scene("PUT /v1/ops/accounts/{id}/erasure", "a deactivated account")
async def erase_for(cast: Cast, role: str) -> Asked:
    gone = await somebody_deactivated(cast)
    path = f"/v1/ops/accounts/{gone.id}/erasure"
    return Asked(path, cast.people[role], body={"json": {"confirmed": True}})


@scene("POST /v1/accounts/erasure")
async def erase(cast: Cast, role: str) -> Asked:
    gone = await somebody_deactivated(cast)
    await cast.do("POST", "/v1/accounts/erasure-links", 202, json={"email": gone.email})
    token = token_in(await cast.platform.letter(gone.email, "effacement"))
    return Asked("/v1/accounts/erasure", cast.people[role], body={"json": {"token": token}})


async def somebody_deactivated(cast: Cast) -> User:
    gone = await cast.platform.register("Partie", email=an_address("gone"))
    await cast.do("PUT", "/v1/me/deactivation", 204, by=gone, json=KNOWN | {"confirmed": True})
    return gone
