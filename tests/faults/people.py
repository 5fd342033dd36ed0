"""Those who use the platform during a run: made in peace, through the gateway, as anybody is."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.ledger import Ledger
from tests.faults.stage import Stage
from tests.platform import Platform, User, until

MANAGERS, REQUESTERS, STRUCTURES = 6, 16, 60


@dataclass(frozen=True, slots=True)
class People:
    managers: list[User]
    requesters: list[User]
    prober: User
    structures: list[tuple[str, User]]
    """Each with its principal manager."""


async def gather(stage: Stage, ledger: Ledger) -> People:
    """Registered, signed in, and known to all services."""
    platform = Platform(Path(stage.data), stage.ports, kafka=stage.kafka)
    try:
        await until(lambda: _ready(stage, platform), bool, patience=60)
        managers = [await platform.register("Claire") for _ in range(MANAGERS)]
        requesters = [await platform.register("Lea") for _ in range(REQUESTERS)]
        prober = await platform.register("Nadia")
        structures = []
        for n in range(STRUCTURES):
            by = managers[n % MANAGERS]
            created = await platform.create_structure(by)
            id = created.json()["id"]
            ledger.structures[id] = by.id
            structures.append((id, by))
            # Users has heard of it, so that somebody may ask to be attached to it.
            look = partial(platform.ask, "GET", "/v1/rattachements", by=by, after=created)
            await until(look, _well)
        return People(managers, requesters, prober, structures)
    finally:
        await platform.http.aclose()


async def _ready(stage: Stage, platform: Platform) -> bool:
    async def one(name: str) -> bool:
        try:
            answer = await platform.http.get(f"{stage.here.url_of(name)}/readyz")
        except Exception:
            return False
        return answer.status_code == 200

    return all(await asyncio.gather(*(one(name) for name in stage.services.lives)))


def _well(answer: Any) -> bool:
    return bool(answer.status_code == 200)
