"""A supplier, its client and the people of both, as tests about client accounts need them."""

from typing import Any

from httpx import AsyncClient, Response

from kit.clock import now
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from tests.structures.builders import SIRET
from tests.structures.conftest import World, rights

ACCOUNTS, PROFILES, FACTS = "/v1/client-accounts", "/v1/client-profiles", "/v1/facts"
TOWN = Identifier("SIRET", "84965690500015")
EVENT = {"content-type": "application/cloudevents+json"}
OFF = {"engagement_number_required": False, "validation_history": False, "offer_subtotal": False}
REQUIRED = OFF | {"engagement_number_required": True}


class Shop:
    """Léa manages a supplier where Sam works; Ana manages a town, her client; Zoé is a stranger."""

    def __init__(self, world: World, supplier: str) -> None:
        self.world, self.supplier = world, supplier
        self.id = self.path = ""

    def by(self, user: str = "u-lea", **but: Any) -> AsyncClient:
        return self.world.calls(user, **but)

    def system(self, *scopes: str, **but: Any) -> AsyncClient:
        return self.world.calls(client_id="erp", scopes=frozenset(scopes), **but)

    async def open(self, **but: Any) -> Response:
        asked = {"supplier_id": self.supplier, "structure_id": TOWN.structure_id} | but
        return await self.by().post(ACCOUNTS, json=asked)

    async def proposed(self, **but: Any) -> dict[str, Any]:
        opened = await self.open(**but)
        assert opened.status_code == 201, opened.text
        self.id = opened.json()["id"]
        self.path = f"{ACCOUNTS}/{self.id}"
        return dict(opened.json())

    async def account(self, **but: Any) -> dict[str, Any]:
        """One that the town has accepted, if it is the client."""
        opened = await self.proposed(**but)
        if opened["structure_id"] == TOWN.structure_id:
            assert (await self.answer("acceptance")).status_code == 200
        return opened

    async def answer(self, what: str, by: str = "u-ana") -> Response:
        return await self.by(by).put(f"{self.path}/{what}")

    async def save(self, **but: Any) -> Response:
        asked = {"chorus": False, "orders": OFF} | but
        return await self.by().put(f"{self.path}/properties", json=asked)

    async def fact(self, id: str = "f-1", by: AsyncClient | None = None, **but: Any) -> Response:
        said = {"client_account": self.id, "kind": "invoice", "amount": "100.00"}
        told = {
            "specversion": "1.0",
            "id": id,
            "source": "https://erp.example/invoices",
            "type": "invoicing.transaction-recorded.v1",
            "data": said | {"currency": "EUR", "date": "2026-01-05"} | but,
        }
        teller = by or self.system("facts:write")
        return await teller.post(FACTS, json=told, headers=EVENT)

    async def read(self, what: str = "", **params: Any) -> dict[str, Any]:
        answer = await self.by().get(self.path + what, params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def attached(world: World, user: str, structure: str, **but: Any) -> None:
    for _ in range(2):
        await world.hears(rights(user, structure, **but))


async def a_shop(world: World) -> Shop:
    lea = world.calls("u-lea")
    identifier = {"type": SIRET.type, "value": SIRET.value}
    supplier = (await lea.post("/v1/structures", json={"identifier": identifier})).json()["id"]
    [structures] = [one for one in world.service.collections if one.name == "structures"]
    town = import_one(None, identifier=TOWN, legal_name="Ville de Melun", now=now())
    await structures.change(TOWN.structure_id, lambda _: town)
    await attached(world, "u-lea", supplier, role="principal_manager")
    await attached(world, "u-sam", supplier)
    await attached(world, "u-ana", TOWN.structure_id, role="principal_manager")
    await world.service.journal.rows.delete_many({})
    return Shop(world, supplier)
