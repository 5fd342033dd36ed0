"""A rights check inside a service against a raw find_one, and its growth with the rows."""

import random
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from contracts.users import Habilitation
from kit.clock import now
from kit.journal import SLICES
from kit.rights import Rights, RightsCopy
from kit.service import Service
from kit.settings import Settings
from tests.bench.results import Claim, Curve, Measured, Result, percentile, ratio
from tests.bench.stand import Stand, collection_of, document, insert, stand

STRUCTURES_OF_ONE = 5
SEED = 7


class _Copy:
    """One service's copy of the rights, with so many rows."""

    def __init__(self, here: Stand, rows: int) -> None:
        self.rows = rows
        settings = here.settings(Settings, database_prefix=f"r{rows}-")
        self.service = Service("support", settings)
        self.rights = RightsCopy(self.service)
        self.documents = collection_of(self.service, "rights").documents
        self._drawn = random.Random(SEED)
        self.check: list[float] = []
        self.raw: list[float] = []

    async def fill(self) -> None:
        await self.service.mongo.create("rights")
        await insert(self.documents, self._documents())
        await self.service._prepare_patiently()

    def _documents(self) -> Iterator[dict[str, Any]]:
        levels = tuple(
            Habilitation(application=f"application-{n}", level="modification") for n in range(3)
        )
        first = Rights(id="", role="user", habilitations=levels, told=1)
        shape = document(collection_of(self.service, "rights"), first)
        for n in range(self.rows):
            user, structure = self._pair(n)
            yield shape | {"_id": f"{user}:{structure}", "user_id": user, "structure_id": structure}

    @staticmethod
    def _pair(n: int) -> tuple[str, str]:
        user = n // STRUCTURES_OF_ONE
        return f"{user:032x}", f"{(user * 7919 + n % STRUCTURES_OF_ONE) % 1_000_003:032x}"

    async def measure(self, calls: int) -> None:
        """One check and one find_one in turn, each of another row: p50 of both."""
        for slice in range(SLICES):
            self.service.heard.beat(f"users.events/{slice}", now())
        spent: dict[str, list[float]] = {"check": [], "raw": []}
        for n in range(calls):
            sides = [("check", self._checked), ("raw", self._found)]
            for name, look in sides if n % 2 else reversed(sides):
                spent[name].append(await self._timed(look))
        self.check.append(percentile(spent["check"], 50))
        self.raw.append(percentile(spent["raw"], 50))

    async def _timed(self, look: Callable[[str, str], Awaitable[object]]) -> float:
        user, structure = self._pair(self._drawn.randrange(self.rows))
        began = time.perf_counter()
        if await look(user, structure) is None:
            raise RuntimeError("rights that were written are not found")
        return time.perf_counter() - began

    async def _checked(self, user: str, structure: str) -> object:
        return await self.rights.of(user, structure)

    async def _found(self, user: str, structure: str) -> object:
        return await self.documents.find_one({"_id": f"{user}:{structure}"})


async def rights(runs: int, *, quick: bool) -> Result:
    """Row: a rights check inside a service."""
    sizes = (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000, 5_000_000)
    async with stand() as here:
        copies = [_Copy(here, rows) for rows in sizes]
        for one in copies:
            await one.fill()
            await one.measure(300)
            one.check.clear()
            one.raw.clear()
        for _ in range(runs):
            for one in copies:
                await one.measure(500 if quick else 2_000)
        return _result(copies)


def _result(copies: list[_Copy]) -> Result:
    least, most = copies[0], copies[-1]
    parts = [
        Measured(f"{what} at {one.rows:,} rows: p50", "µs", tuple(v * 1e6 for v in values))
        for one in copies
        for what, values in (("check", one.check), ("find_one", one.raw))
    ]
    points = {
        name: [(one.rows, tuple(v * 1e6 for v in getattr(one, side))) for one in copies]
        for name, side in (("rights check", "check"), ("raw find_one", "raw"))
    }
    claims = [
        Claim(ratio(f"check / find_one at {one.rows:,} rows", one.check, one.raw), at_most=1.3)
        for one in (least, most)
    ]
    grown = ratio(f"check at {most.rows:,} rows / at {least.rows:,}", most.check, least.check)
    return Result(
        title="A rights check inside a service",
        claims=(*claims, Claim(grown, at_most=1.5)),
        parts=tuple(parts),
        curves=(Curve("rights", "Rights check, p50", "rows", "µs", points, stretched=True),),
        notes=(
            (
                "`RightsCopy.of` (freshness, look-up, the state as a value) and `find_one` by `_id` "
                "take turns, each call on another row drawn at random, one at a time, same driver."
            ),
        ),
    )
