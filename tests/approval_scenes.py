"""The scenes of what is put to those who decide: see tests/scenes.py."""

import re
from typing import Any

from httpx import Response

from kit.clock import today
from tests.platform import an_address, until
from tests.scenes import ON_REQUEST, Asked, Cast, as_it_is, pending, scene
from tests.sirets import a_siret

FROM_A_LETTER = "from a letter to an approver"
TO_DECIDE = "those one may decide"
UNATTENDED = "what nobody may decide on"

as_it_is("GET /v1/approvals", TO_DECIDE)
as_it_is("GET /v1/approvals.csv", TO_DECIDE)
for one in ("approvals", "approvals.csv"):
    as_it_is(f"GET /v1/{one}", "what one has asked for", query="?mine=asked")
as_it_is("GET /v1/ops/approvals", UNATTENDED)


@scene("GET /v1/approvals/{id}", ON_REQUEST)
async def read_approval(cast: Cast, role: str) -> Asked:
    asked = await pending(cast)
    return Asked(f"/v1/approvals/{asked.json()['id']}", cast.people[role], asked)


@scene("PUT /v1/approvals/{id}/withdrawal", ON_REQUEST)
async def withdraw(cast: Cast, role: str) -> Asked:
    asked = await pending(cast)
    return Asked(f"/v1/approvals/{asked.json()['id']}/withdrawal", cast.people[role], asked)


@scene("PUT /v1/approvals/{id}/decision", ON_REQUEST)
async def decide(cast: Cast, role: str) -> Asked:
    asked = await pending(cast)
    path = f"/v1/approvals/{asked.json()['id']}/decision"
    return Asked(path, cast.people[role], asked, {"json": {"verdict": "approved"}})


@scene("POST /v1/approvals/{id}/comments", ON_REQUEST)
async def comment(cast: Cast, role: str) -> Asked:
    asked = await pending(cast)
    path = f"/v1/approvals/{asked.json()['id']}/comments"
    return Asked(path, cast.people[role], asked, {"json": {"text": "Bonjour"}})


@scene("GET /v1/approval-link", FROM_A_LETTER)
async def look_from_a_letter(cast: Cast, role: str) -> Asked:
    token = await a_link(cast)
    return Asked("/v1/approval-link", cast.people[role], body={"params": {"token": token}})


@scene("POST /v1/approval-link/decision", FROM_A_LETTER)
async def decide_from_a_letter(cast: Cast, role: str) -> Asked:
    said = {"token": await a_link(cast), "verdict": "approved"}
    return Asked("/v1/approval-link/decision", cast.people[role], body={"json": said})


async def a_link(cast: Cast) -> str:
    """Of the letter to somebody who is written to for this alone."""
    platform, email = cast.platform, an_address("approver")
    approver = await platform.register("Paule", email=email)
    await platform.request_rattachement(cast.self, await platform.create_structure(approver))
    letter = await platform.letter(email, "attend votre décision")
    [token] = re.findall(r"/approval\?token=([\w.~-]+)", letter)
    return str(token)


@scene("PUT /v1/ops/approvals/{id}/decision", UNATTENDED)
async def decide_at_the_desk(cast: Cast, role: str) -> Asked:
    town = await cast.platform.import_public(a_siret())
    wanted = {"structure_id": town, "valid_from": today().isoformat()}

    async def ask() -> Response:
        return await cast.platform.ask("POST", "/v1/rattachements", by=cast.self, json=wanted)

    # Until users has heard of the structure.
    asked = await until(ask, lambda answer: answer.status_code == 202)
    await until_unattended(cast, asked)
    path = f"/v1/ops/approvals/{asked.json()['id']}/decision"
    said = {"verdict": "refused", "reason": "Personne ne décide ici."}
    return Asked(path, cast.people[role], body={"json": said})


async def until_unattended(cast: Cast, asked: Response) -> None:
    async def waiting() -> Any:
        found = await cast.do("GET", "/v1/ops/approvals?size=500", 200, by=cast.operator)
        return [one["id"] for one in found.json()["items"]]

    await until(waiting, lambda ids: asked.json()["id"] in ids)


@scene("POST /v1/mandates", "the manager's structure, to which self is attached")
async def ask_mandate(cast: Cast, role: str) -> Asked:
    return Asked("/v1/mandates", cast.people[role], body={"json": a_mandate(cast)})


@scene("GET /v1/mandates/{id}", "one that the system has asked for")
async def read_mandate(cast: Cast, role: str) -> Asked:
    system = cast.people["system"]
    asked = await cast.do("POST", "/v1/mandates", 202, by=system, json=a_mandate(cast))
    return Asked(f"/v1/mandates/{asked.json()['id']}", cast.people[role], asked)


def a_mandate(cast: Cast) -> dict[str, str]:
    return {
        "structure_id": cast.public.json()["id"],
        "requester_id": cast.self.id,
        "mandatary": "Compta & Cie",
        "valid_from": today().isoformat(),
    }
