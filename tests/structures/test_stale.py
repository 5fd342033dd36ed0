"""While users has not been heard, what is hidden is not told from what is not there."""

import httpx
import pytest

from services.structures.domain.identifiers import Identifier
from tests.structures.conftest import World
from tests.structures.test_life_api import ACME, BONJEAN, STRUCTURES, made

pytestmark = pytest.mark.asyncio(loop_scope="module")

ABSENT = Identifier("PARTICULIER", "1990193160DUPONT").structure_id
ASKED = [
    ("GET", f"{STRUCTURES}/{{id}}", None),
    ("PATCH", f"{STRUCTURES}/{{id}}", {"label": "X"}),
    ("GET", f"{STRUCTURES}/{{id}}/history", None),
    ("PUT", f"{STRUCTURES}/{{id}}/deactivation", None),
    ("POST", f"{STRUCTURES}/{{id}}/duplicates", ACME),
    ("GET", f"{STRUCTURES}/{{id}}/units", None),
    ("PUT", f"{STRUCTURES}/{{id}}/units/{{id}}/activation", None),
    ("GET", f"{STRUCTURES}/{{id}}/attachments", None),
    ("GET", f"{STRUCTURES}/{{id}}/bank-details", None),
    ("GET", "/v1/client-accounts?supplier_id={id}", None),
]


async def test_a_person_s_structure_and_none_are_answered_alike(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    hidden = (await made(world, BONJEAN)).rpartition("/")[2]
    monkeypatch.setattr(world.service.heard, "_max_age", -1)
    zoe = world.calls("u-zoe")

    async def answered(id: str) -> list[int]:
        answers: list[httpx.Response] = [
            await zoe.request(method, path.format(id=id), json=body) for method, path, body in ASKED
        ]
        return [one.status_code for one in answers]

    assert await answered(ABSENT) == await answered(hidden) == [503] * len(ASKED)
