"""Structures over HTTP, as the tests of their life have them."""

from dataclasses import replace
from typing import Any

import httpx

from kit.change import Change
from kit.clock import now
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from services.structures.records import Records
from tests.structures.builders import SIRET
from tests.structures.conftest import World

STRUCTURES = "/v1/structures"
TOWN_HALL = Identifier("SIRET", "21440109300015")
ADDRESS = {"line": "2 QUAI DU PORT", "postcode": "44000", "city": "NANTES", "country": "France"}
ACME = {"identifier": {"type": "HORS_UE", "value": "USACME"}, "legal_name": "Acme"}
BONJEAN = {
    "identifier": {"type": "PARTICULIER", "value": "1990193160BONJEAN"},
    "last_name": "Bonjean",
    "first_name": "Ana",
}
EDI = {"receives_life_cycles": True, "sends_flows": True}
FLAGS = {
    "unit_required": True,
    "engagement_required": True,
    "unit_or_engagement": False,
    "moa": False,
    "moa_only": True,
    "payment_status_withheld": False,
    "delegated_validator": False,
}


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json()["errors"]]


async def made(world: World, body: dict[str, Any] | None = None) -> str:
    """The path of Léa's structure."""
    body = body or {"identifier": {"type": "SIRET", "value": SIRET.value}}
    answer = await world.calls("u-lea").post(STRUCTURES, json=body)
    assert answer.status_code == 201, answer.text
    return f"{STRUCTURES}/{answer.json()['id']}"


async def imported(world: World, **but: Any) -> str:
    """A town hall's id: a public structure, and nobody's."""
    records = Records(world.service)
    new = import_one(None, identifier=TOWN_HALL, legal_name="MAIRIE", now=now()).state
    assert new
    await records.structures.change(new.id, lambda _: Change(replace(new, **but)))
    return TOWN_HALL.structure_id


async def record(world: World, path: str) -> Any:
    return (await world.calls("u-desk", operator=True).get(path)).json()


async def changed(world: World) -> list[str]:
    return [one["type"] for one in await world.told() if "changed" in one["type"]]
