"""The support service on a real database, without Kafka: what users tells is handed to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
from fastapi import FastAPI

from contracts.event import Event
from contracts.structures import (
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
    StructureChanged,
    UnitCreated,
)
from contracts.users import Habilitation, Level, PersonChanged, RightsChanged
from kit import journal
from kit.clock import now
from kit.internal import Caller, sign
from kit.record import Record
from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE, Timer
from services.support.conversing import Conversing
from services.support.main import build
from tests.forgetting import forget_all

MINE, OTHER = "a" * 32, "b" * 32


class Desk:
    def __init__(self, service: Service) -> None:
        self.service, self.app = service, build(service)
        self._last: dict[int, int] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["Desk"]:
        await self.service.prepare()
        keeping = asyncio.create_task(self.service.committer.run())
        try:
            yield self
        finally:
            await ended([keeping], again=GRACE + 2)

    async def forget(self) -> None:
        """As new, without the second that a new database takes."""
        await forget_all(self.service, "heard", "parked")
        self._last.clear()

    async def hear_rights(
        self,
        user: str,
        structure: str,
        *,
        role: Any = "user",
        may: tuple[tuple[str, Level], ...] = (),
        until: date | None = None,
        units: tuple[str, ...] = (),
        unreadable: bool = False,
    ) -> None:
        told = RightsChanged(
            rattachement_id=f"{user}:{structure}",
            user_id=user,
            structure_id=structure,
            role=role,
            habilitations=[
                Habilitation(application=application, level=level) for application, level in may
            ],
            valid_until=until,
            units=units,
            version=sum(self._last.values()) + 1,
        )
        row = journal.row(told, clock=1, correlation="journey", at=now())
        slice = row["slice"]
        self._last[slice] = self._last.get(slice, 0) + 1
        row["position"] = self._last[slice]
        attributes = {name: value.decode() for name, value in journal.headers(row)}
        value = b"{" if unreadable else row["data"]
        record = Record("users.events", slice, row["position"], told.key, attributes, value)
        assert await self.service.bus.hear([record]) == set()

    async def hear_features(self, client: str, supplier: str, *features: str) -> None:
        """A supplier says what of its portal is open to a client."""
        told = ClientPermissionsChanged(
            client_account_id="c" * 32,
            supplier_id=supplier,
            structure_id=client,
            features=features,
            changed_at=now(),
        )
        await self.hear(told)

    async def hear_switches(
        self, user: str, client: str, supplier: str, *features: str, version: int
    ) -> None:
        """A supplier says what of its portal one user of a client may use."""
        told = ClientContactPermissionsChanged(
            contact_id=f"{'c' * 32}:{user}",
            client_account_id="c" * 32,
            supplier_id=supplier,
            structure_id=client,
            user_id=user,
            features=features,
            version=version,
            changed_at=now(),
        )
        await self.hear(told)

    async def hear(self, told: Event) -> None:
        """As structures tells it, twice."""
        _, handler = self.service.subscriptions.handlers[told.type]
        for _ in range(2):
            ask = handler(told)
            assert ask
            await self.service.committer.keep(ask)

    async def hear_structure(self, id: str, name: str, **but: Any) -> None:
        told = {
            "structure_id": id,
            "identifier_type": "SIRET",
            "identifier": "73282932000074",
            "kind": "private",
            "legal_name": name,
            "status": "active",
            "version": 1,
            "changed_at": now(),
        }
        await self.hear(StructureChanged(**told | but))

    async def hear_unit(self, structure: str, code: str, *, status: Any = "active") -> None:
        told = UnitCreated(
            unit_id=f"{structure}-{code}",
            structure_id=structure,
            code=code,
            name=code.title(),
            status=status,
            active=status == "active",
            valid_from=date(2026, 1, 1),
            version=1,
            created_at=now(),
        )
        await self.hear(told)

    async def hear_person(self, user: str, name: str, **but: Any) -> None:
        told = {
            "user_id": user,
            "first_name": name,
            "last_name": "Roux",
            "email": f"{user}@example.org",
            "active": True,
            "version": 1,
        }
        await self.hear(PersonChanged(**told | but))

    @property
    def conversing(self) -> Conversing:
        found: Conversing = self.job("exchanges", Timer).wake.__self__
        return found

    def job(self, collection: str, kind: Any) -> Any:
        jobs = (one for one in self.service.jobs if isinstance(one, kind))
        return next(one for one in jobs if one.collection.name == collection)

    def hear_heartbeats(self) -> None:
        for slice in range(journal.SLICES):
            self.service.heard.beat(f"users.events/{slice}", now())

    async def told(self) -> list[str]:
        rows = await self.service.journal.rows.find().sort("clock", 1).to_list(None)
        return [row["type"] for row in rows]

    def by(self, user: str = "ana", *, operator: bool = False) -> httpx.AsyncClient:
        return client(self.app, self.service, Caller(user_id=user, operator=operator))


def client(app: FastAPI, service: Service, caller: Caller) -> httpx.AsyncClient:
    word = sign(caller, service.settings.internal_key.get_secret_value(), at=now())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://support",
        headers={"authorization": f"Bearer {word}"},
    )


def a_ticket(**but: Any) -> dict[str, Any]:
    written = {
        "category": "FACTURES_EMISES",
        "subcategory": "SAISIE_ET_DEPOT",
        "object_number": "F-2026-0042",
        "title": "Dépôt refusé",
        "description": "Le dépôt de ma facture est refusé.",
        "structure_id": MINE,
    }
    return written | but
