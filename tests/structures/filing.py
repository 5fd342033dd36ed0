"""Bringing files to a structure, and its bank details, over HTTP."""

from typing import Any

import httpx

from tests.structures.builders import SIRET
from tests.structures.conftest import World, rights
from tests.structures.keeping import BBAN, PDF

STRUCTURE = f"/v1/structures/{SIRET.structure_id}"
FILES = f"{STRUCTURE}/attachments"
DETAILS = f"{STRUCTURE}/bank-details"


async def founded(world: World) -> None:
    """Léa has made a structure, and Omar works for it."""
    body = {"identifier": {"type": "SIRET", "value": SIRET.value}}
    answer = await world.calls("u-lea").post("/v1/structures", json=body)
    assert answer.status_code == 201, answer.text
    await world.hears(rights("u-omar", SIRET.structure_id))


async def bring(world: World, user: str = "u-lea", **but: Any) -> httpx.Response:
    asked = {"name": "rib.pdf", "type": "RIB"} | but.pop("params", {})
    headers = {"content-type": "application/pdf"} | but.pop("headers", {})
    content = but.pop("content", PDF)
    return await world.calls(user).post(FILES, params=asked, headers=headers, content=content)


async def brought(world: World, **but: Any) -> dict[str, Any]:
    answer = await bring(world, **but)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def an_account(document_id: str, **but: Any) -> dict[str, Any]:
    said = {"name": "Principal", "type": "IBAN", "country": "FR", "iban_key": "76", "bban": BBAN}
    return said | {"document_id": document_id} | but


async def given(world: World, document_id: str, **but: Any) -> dict[str, Any]:
    answer = await world.calls("u-lea").post(DETAILS, json=an_account(document_id, **but))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
