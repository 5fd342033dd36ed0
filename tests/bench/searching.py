"""Searches over a million structures, selective or not."""

import json
import random
import time
from typing import Any
from urllib.parse import quote

from kit import clock
from kit.internal import Caller, sign
from kit.service import Service
from services.structures.main import build
from services.structures.settings import StructuresSettings
from tests.bench.directory import Directory
from tests.bench.load import Connection, request
from tests.bench.results import Claim, Curve, Measured, Result, percentile
from tests.bench.stand import Process, Stand, seed, stand

SEED = 11
CACHE = 2
"""Gigabytes, so that the structures and what leads to them fit, as a database of this size has."""
FIXED = {
    "contained, in many": ("*menuiserie*", "*men*", "*ion*", "*sarl*", "*commune*"),
    "contained, in few": ("*xyz*", "*ébénisterie sou*", "*zanville*", "*marie curie*"),
    "begins or ends": ("menuis*", "*menuiserie", "sarl men*", "*et fils"),
    "several parts": ("*men*mar*", "*sarl*bois*", "*ion*del*", "*com*de*mar*", "*sarl*mairie*"),
    "words": ("menuiserie mar", "ecole pri", "commune de", "synd interc"),
}
PUBLIC = Caller(client_id="bench", scopes=frozenset({"structures:read"}))


def queries(directory: Directory, many: int) -> dict[str, list[str]]:
    """Those above, and as many of each kind made of names that are there."""
    drawn = random.Random(SEED)

    def word() -> str:
        return drawn.choice(directory.surnames)

    def part(text: str, length: int) -> str:
        at = drawn.randrange(max(1, len(text) - length + 1))
        return text[at : at + length]

    made = {
        "contained, in many": lambda: f"*{part(word(), 3)}*",
        "contained, in few": lambda: f"*{word()}*",
        "begins or ends": lambda: drawn.choice((f"{word()}*", f"*{word()}")),
        "several parts": lambda: f"*{part(word(), 3)}*{part(word(), 3)}*",
        "words": lambda: f"{word()[:4]} {word()[:3]}",
    }
    return {
        kind: [*FIXED[kind], *(one for one in (make() for _ in range(many)) if len(one) > 4)]
        for kind, make in made.items()
    }


async def fill(here: Stand, many: int) -> None:
    service = Service("structures", here.settings(StructuresSettings))
    build(service)
    await service.mongo.create("structures")
    await seed(service, "structures", Directory().structures(many))
    await service._prepare_patiently()
    await service.mongo.close()


async def ask(here: Stand, process: Process, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Each search once, one after the other: what it took and what it found."""
    connection, found = await Connection.open(process.port), []
    key = here.secret("internal_key")
    for kind, searches in asked.items():
        for q in searches:
            token = sign(PUBLIC, key, at=clock.now())
            began = time.perf_counter()
            path = f"/v1/structures?q={quote(q)}"
            status, body = await connection.ask(request("GET", path, token))
            spent = time.perf_counter() - began
            if status != 200:
                raise RuntimeError(f"{q} answers {status} {body[:200]!r}")
            items = json.loads(body)["items"]
            found.append({"kind": kind, "q": q, "spent": spent, "found": len(items)})
    connection.close()
    return found


async def searching(runs: int, *, quick: bool) -> Result:
    """Row: search with wildcards over a million structures."""
    many = 50_000 if quick else 1_000_000
    async with stand(cache=CACHE) as here:
        await fill(here, many)
        asked = queries(Directory(), 20 if quick else 100)
        process = await here.serve("structures")
        await process.ready()
        await ask(here, process, asked)
        seen = [await ask(here, process, asked) for _ in range(runs)]
        return _result(many, seen)


def _result(many: int, seen: list[list[dict[str, Any]]]) -> Result:
    def at(share: float, kind: str = "") -> tuple[float, ...]:
        return tuple(
            percentile([o["spent"] for o in run if kind in ("", o["kind"])], share) * 1000
            for run in seen
        )

    slowest = sorted(seen[-1], key=lambda one: -one["spent"])[:5]
    said = ", ".join(f"`{o['q']}` {o['spent'] * 1000:.0f} ms ({o['found']} found)" for o in slowest)
    shares = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
    return Result(
        title=f"Search over {many:,} structures",
        claims=(Claim(Measured("all searches: p99", "ms", at(99)), at_most=100),),
        parts=tuple(
            Measured(f"{kind}: p{share}", "ms", at(share, kind))
            for kind in FIXED
            for share in (50, 99)
        ),
        curves=(
            Curve(
                "search",
                f"First page of a search over {many:,} structures",
                "percentile",
                "ms",
                {kind: [(share, at(share, kind)) for share in shares] for kind in FIXED},
                bound=100,
            ),
        ),
        notes=(
            (
                f"{len(seen[0])} different searches, one after the other, straight from the service: "
                "the first page, as another system asks for it. All were asked once before. "
                f"MongoDB has {CACHE} GB of cache, not the 0.25 of `chorale up`."
            ),
            f"The slowest of the last run: {said}.",
        ),
    )
