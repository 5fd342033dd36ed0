"""The scenes of files and bank details of a structure: see tests/scenes.py."""

from typing import Any

from tests.platform import an_address
from tests.scenes import Asked, Cast, as_it_is, scene

HANGS = "on the manager's structure, to which self is attached"
PDF = b"%PDF-1.7\n"
TYPE = {"content-type": "application/pdf"}
FILES = "/v1/structures/{id}/attachments"
DETAILS = "/v1/structures/{id}/bank-details"

as_it_is("GET /v1/attachment-types")


def a_file(**said: str) -> dict[str, Any]:
    return {"params": {"name": "rib.pdf", **said}, "content": PDF}


async def a_path(cast: Cast, path: str) -> str:
    """What the path of an action stands for, made anew where it names an attachment or details."""
    structure = cast.public.headers["location"]
    path = path.replace("/v1/structures/{id}", structure)
    if "{attachment_id}" in path or "?id=" in path:
        id = await an_attachment(cast)
        return path.replace("{attachment_id}", id).replace("?id=", f"?id={id}")
    if "{details_id}" in path:
        asked = await an_account(cast)
        made = await cast.do("POST", f"{structure}/bank-details", 201, by=cast.manager, json=asked)
        return path.replace("{details_id}", made.json()["id"])
    return path


async def an_attachment(cast: Cast) -> str:
    path = f"{cast.public.headers['location']}/attachments"
    made = await cast.do("POST", path, 201, by=cast.manager, headers=TYPE, **a_file(type="RIB"))
    return str(made.json()["id"])


async def an_account(cast: Cast) -> dict[str, Any]:
    rib = {"type": "RIB", "country": "FR", "bban": "30006000011234567890189"}
    return rib | {"name": an_address("rib"), "document_id": await an_attachment(cast)}


def on_structure(action: str, *, query: str = "") -> None:
    method, path = action.split(" ")

    async def asked(cast: Cast, role: str) -> Asked:
        body: dict[str, Any] = {}
        headers: dict[str, str] = {}
        if action == f"POST {FILES}":
            body, headers = a_file(type="RIB"), TYPE
        elif path.endswith("/deactivation"):
            body = {"json": {"confirmed": True}}
        elif method in ("POST", "PUT"):
            body = {"json": await an_account(cast)}
        return Asked(await a_path(cast, path + query), cast.people[role], None, body, headers)

    scene(action, HANGS)(asked)


for one in (
    f"POST {FILES}",
    f"GET {FILES}",
    f"GET {FILES}/{{attachment_id}}",
    f"GET {FILES}/{{attachment_id}}/content",
    f"DELETE {FILES}/{{attachment_id}}",
    f"POST {DETAILS}",
    f"GET {DETAILS}",
    f"GET {DETAILS}/{{details_id}}",
    f"PUT {DETAILS}/{{details_id}}",
    f"PUT {DETAILS}/{{details_id}}/deactivation",
):
    on_structure(one)
on_structure(f"GET {FILES}/archive", query="?id=")
