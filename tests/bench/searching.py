"""Searches over a million structures, selective or not."""

import json
import random
import time
from itertools import islice
from typing import Any
from urllib.parse import quote

from kit import clock
from kit.internal import Caller, sign
from kit.service import Service
from services.structures.domain.structures import Structure
from services.structures.main import build
from services.structures.settings import StructuresSettings
from tests.bench.directory import Directory
from tests.bench.load import Connection, request
from tests.bench.results import Claim, Curve, Measured, Result, percentile
from tests.bench.stand import Process, Stand, fill, stand

SEED = 11
SIZES, QUICK = (10_000, 100_000, 1_000_000), 50_000
LOOKUPS = 1_000
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


class Town:
    """The structures there are so far, and a service that finds them."""

    def __init__(self, here: Stand) -> None:
        self._here = here
        self._service = Service("structures", here.settings(StructuresSettings))
        build(self._service)
        self._more = Directory().structures(SIZES[-1])
        self.sirets: list[str] = []

    async def prepare(self) -> None:
        await self._service._prepare_patiently()

    async def grow(self, to: int) -> None:
        def noted(one: Structure) -> Structure:
            self.sirets.append(one.identifier.value)
            return one

        more = map(noted, islice(self._more, to - len(self.sirets)))
        await fill(self._here, self._service, "structures", more)

    async def close(self) -> None:
        await self._service.mongo.close()


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


async def look_up(here: Stand, process: Process, sirets: list[str]) -> list[float]:
    """Whether each is referenced and active, one after the other: what it took."""
    connection, spent = await Connection.open(process.port), []
    key = here.secret("internal_key")
    for siret in sirets:
        token = sign(PUBLIC, key, at=clock.now())
        asked = request("GET", f"/v1/structures/referenced?type=SIRET&value={siret}", token)
        began = time.perf_counter()
        status, body = await connection.ask(asked)
        spent.append(time.perf_counter() - began)
        if status != 200 or not json.loads(body)["referenced"]:
            raise RuntimeError(f"{siret} answers {status} {body[:200]!r}")
    connection.close()
    return spent


async def searching(runs: int, *, quick: bool) -> Result:
    """Rows: search with wildcards, and a lookup by SIRET, from ten thousand to a million."""
    sizes = [one for one in SIZES if one <= (QUICK if quick else SIZES[-1])]
    seen: dict[int, list[list[dict[str, Any]]]] = {}
    looked: dict[int, list[list[float]]] = {}
    async with stand(cache=CACHE) as here:
        town = Town(here)
        await town.prepare()
        process = await here.serve("structures")
        await process.ready()
        asked = queries(Directory(), 20 if quick else 100)
        for size in sizes:
            await town.grow(size)
            sirets = random.Random(SEED).sample(town.sirets, LOOKUPS)
            await ask(here, process, asked)
            await look_up(here, process, sirets)
            seen[size] = [await ask(here, process, asked) for _ in range(runs)]
            looked[size] = [await look_up(here, process, sirets) for _ in range(runs)]
        await town.close()
    return _result(seen, looked)


def _growth(name: str, title: str, points: dict[int, tuple[float, ...]], bound: float) -> Curve:
    lines = {"p99": [*points.items()]}
    return Curve(name, title, "structures", "ms", lines, stretched=True, bound=bound)


def _result(
    by_size: dict[int, list[list[dict[str, Any]]]], looked: dict[int, list[list[float]]]
) -> Result:
    many = max(by_size)
    seen = by_size[many]

    def at(share: float, kind: str = "", size: int = many) -> tuple[float, ...]:
        return tuple(
            percentile([o["spent"] for o in run if kind in ("", o["kind"])], share) * 1000
            for run in by_size[size]
        )

    lookup = {
        size: tuple(percentile(run, 99) * 1000 for run in runs) for size, runs in looked.items()
    }
    slowest = sorted(seen[-1], key=lambda one: -one["spent"])[:5]
    said = ", ".join(f"`{o['q']}` {o['spent'] * 1000:.0f} ms ({o['found']} found)" for o in slowest)
    shares = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
    return Result(
        title=f"Search over {many:,} structures",
        claims=(
            Claim(Measured("all searches: p99", "ms", at(99)), at_most=100),
            Claim(Measured("lookup by SIRET: p99", "ms", lookup[many]), at_most=5),
        ),
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
            _growth(
                "search-growth",
                "All searches, by structures there are",
                {size: at(99, size=size) for size in by_size},
                100,
            ),
            _growth("lookup-growth", "Lookup by SIRET, by structures there are", lookup, 5),
        ),
        notes=(
            (
                f"{len(seen[0])} different searches, one after the other, straight from the service: "
                "the first page, as another system asks for it. All were asked once before. "
                "Indexes were built at once when all structures were there. "
                f"{LOOKUPS:,} lookups the same way. MongoDB has {CACHE} GB of cache, not what `chorale up` has."
            ),
            f"The slowest of the last run: {said}.",
        ),
    )
