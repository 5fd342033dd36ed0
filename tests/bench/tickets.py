"""Lists of a million tickets, searched in French, for the desk and for people of few and many structures."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from contracts.users import Habilitation
from kit import clock
from kit.internal import Caller, sign
from kit.rights import Rights
from kit.service import Service
from kit.words import stems
from services.support import categories
from services.support.articles import DATA
from services.support.domain.contents import Content
from services.support.domain.reach import EMITTED, RECEIVED
from services.support.domain.states import State
from services.support.domain.tickets import Ticket
from services.support.main import build
from services.support.settings import SupportSettings
from tests.bench.directory import Directory
from tests.bench.load import Connection, request
from tests.bench.results import Claim, Measured, Result, percentile
from tests.bench.stand import Process, Stand, fill, seed, stand

SEED = 7
TICKETS, QUICK = 1_000_000, 20_000
STRUCTURES = 50_000
CACHE = 5
"""Gigabytes, so that the tickets and their indexes fit, as a database of this size has."""
MANY = 2_000
BEGAN = datetime(2024, 1, 8, 8, 0, tzinfo=UTC)
STATES: tuple[State, ...] = ("open", "waiting", "resolved", "closed", "draft")
SHARES = (12, 4, 6, 76, 2)
DESK, ONE, WIDE = "d" * 32, "0" * 32, "e" * 32
FIRST = tuple(f"{n:032x}" for n in range(1, 21))
"""People who each ask for one page only."""
SORTS = ("created_at", "number", "title", "category", "subcategory", "state")
WAYS = ("ascending", "descending")
TABS = ("actions_required", "not_closed", "in_progress", "closed", "drafts", "to_treat")


def structure(n: int) -> str:
    return f"{n:032x}"


class Tickets:
    """As a platform has them: words of our articles in sentences of theirs, and names of people."""

    def __init__(self, many: int) -> None:
        self.many = many
        self._drawn = random.Random(SEED)
        written = [one.read_text("utf-8").split("---\n")[-1] for one in DATA.glob("*.md")]
        self._sentences = sorted(
            " ".join(sentence.split()) for text in written for sentence in text.split(". ")
        )
        self._names = Directory().surnames
        self.filed = [
            (category.code, one.code, one.needs_recipient)
            for category in categories.read().categories
            for one in category.subcategories
        ]

    def all(self) -> Iterator[Ticket]:
        for n in range(self.many):
            yield self._nth(n)

    def _nth(self, n: int) -> Ticket:
        drawn = self._drawn
        # Squared: some structures write much more than others.
        emitter = int(drawn.random() ** 2 * STRUCTURES)
        category, subcategory, business = drawn.choice(self.filed)
        recipient = structure(int(drawn.random() ** 2 * STRUCTURES)) if business else None
        [state] = drawn.choices(STATES, SHARES)
        at = BEGAN + timedelta(minutes=n)
        said = drawn.sample(self._sentences, 3)
        name, number = drawn.choice(self._names), drawn.randrange(10**8)
        return Ticket(
            id=f"{drawn.getrandbits(128):032x}",
            number=f"CPROCS{n:07}",
            state=state,
            emitter_id=structure(drawn.randrange(300_000)),
            content=Content(
                category=category,
                subcategory=subcategory,
                structure_id=structure(emitter),
                recipient_structure_id=recipient,
                title=f"{said[0][:60]} {name}",
                description=f"<p>{'. '.join(said)}. Facture F{number}, {name}.</p>",
            ),
            created_at=at,
            opened_at=None if state == "draft" else at,
            recipient_id=recipient if state != "draft" else None,
            treated_by="recipient" if recipient and state != "draft" else "desk",
        )

    def searches(self, many: int) -> dict[str, list[str]]:
        """Words that are everywhere, two of those, a name, and what nobody wrote."""
        words = " ".join(self._sentences)
        known = sorted({*stems(words)}, key=lambda one: -words.count(one))
        frequent = ["facture", *known[:many]]
        return {
            "a frequent word": frequent,
            "two frequent words": [f"{a} {b}" for a, b in pairwise(frequent)],
            "a rare word": random.Random(SEED).sample(self._names, many),
            "a frequent and a rare word": [f"facture {one}" for one in self._names[:many]],
            "a word that nobody wrote": ["xylophone", "facture xylophone"],
        }


def _rights(user: str, of: Iterator[int]) -> Iterator[Rights]:
    given = tuple(
        Habilitation(application=application, level=level)
        for application in (EMITTED, RECEIVED)
        for level in ("consultation", "modification")
    )
    for n in of:
        yield Rights(
            id=f"{user}:{structure(n)}",
            user_id=user,
            structure_id=structure(n),
            role="principal_manager",
            habilitations=given,
            told=1,
        )


class Reader:
    """Somebody who reads lists of the support service."""

    def __init__(self, here: Stand, process: Process, user: str, *, operator: bool = False) -> None:
        self._caller = Caller(user_id=user, operator=operator)
        self._key, self._port = here.secret("internal_key"), process.port

    async def spent(self, paths: list[str]) -> list[float]:
        """Each of these once, one after the other: seconds."""
        connection, times = await Connection.open(self._port), []
        for path in paths:
            token = sign(self._caller, self._key, at=clock.now())
            began = time.perf_counter()
            status, body = await connection.ask(request("GET", f"/v1/tickets{path}", token))
            times.append(time.perf_counter() - began)
            if status != 200:
                raise RuntimeError(f"{path} answers {status} {body[:200]!r}")
        connection.close()
        return times

    async def until_answered(self) -> None:
        """Until users has been heard."""
        for _ in range(600):
            try:
                await self.spent(["/counts"])
            except RuntimeError:
                await asyncio.sleep(0.1)
            else:
                return

    async def walk(self, path: str) -> int:
        """Through all pages, which hold no ticket twice: how many there are."""
        connection = await Connection.open(self._port)
        seen, cursor = set[str](), ""
        while cursor is not None:
            token = sign(self._caller, self._key, at=clock.now())
            asked = request("GET", f"/v1/tickets{path}&size=500&cursor={cursor}", token)
            status, body = await connection.ask(asked)
            if status != 200:
                raise RuntimeError(f"{path} answers {status} {body[:200]!r}")
            page: dict[str, Any] = json.loads(body)
            ids = {one["id"] for one in page["items"]}
            if seen & ids:
                raise RuntimeError(f"{path}: a ticket on two pages")
            seen, cursor = seen | ids, page["next"]
        connection.close()
        return len(seen)


def _asked(made: Tickets, many: int) -> dict[str, list[str]]:
    tabs = [f"?tab={tab}" for tab in TABS]
    sorts = [
        f"?tab={tab}&sort={sort}&direction={way}"
        for tab in ("not_closed", "closed")
        for sort in SORTS
        for way in WAYS
    ]
    grouped = {
        sort: [
            f"?tab={tab}&sort={sort}&direction={way}&grouped=true" for tab in TABS for way in WAYS
        ]
        for sort in ("category", "state")
    }
    filed = [f"category={one}" for one in sorted({filed[0] for filed in made.filed})]
    filed += [f"subcategory={filed[1]}" for filed in made.filed]
    days = [f"{BEGAN + timedelta(days=n):%Y-%m-%d}" for n in range(0, made.many // 1440, 7)]
    criteria = {
        "number": [f"number={n * 997 % made.many}" for n in range(many)],
        "a category or subcategory": filed,
        "a state": [f"state={one}" for one in STATES],
        "a structure": [f"structure_id={structure(n * 25)}" for n in range(many)],
        "late": ["overdue=true"],
        "days": [f"created_from={one}&created_until={one}" for one in days],
    }
    found = {"tabs": tabs * 5, "every order": sorts * 2, "counts": ["/counts"] * 10}
    found |= {f"groups by {sort}": paths * 3 for sort, paths in grouped.items()}
    found |= {kind: [f"?{one}" for one in asked] for kind, asked in criteria.items()}
    searches = made.searches(many)
    for kind, words in searches.items():
        found[kind] = [f"?q={quote(one)}" for one in words]
    for kind, sort in (("a frequent word", "title"), ("two frequent words", "title")):
        found[f"{kind} by {sort}"] = [f"?q={quote(one)}&sort={sort}" for one in searches[kind]]
    return found


async def tickets(runs: int, *, quick: bool) -> Result:
    """Row: a million tickets, for the desk, somebody of one structure and somebody of 2,000."""
    made = Tickets(QUICK if quick else TICKETS)
    asked = _asked(made, 10 if quick else 50)
    async with stand(cache=CACHE) as here:
        service = Service("support", here.settings(SupportSettings))
        build(service)
        await service.prepare()
        await fill(here, service, "tickets", made.all())
        apart = STRUCTURES // MANY
        await seed(service, "rights", _rights(WIDE, iter(range(0, STRUCTURES, apart))))
        await seed(service, "rights", _rights(ONE, iter([17])))
        for n, user in enumerate(FIRST):
            await seed(service, "rights", _rights(user, iter(range(n, STRUCTURES, apart))))
        # Users says that nothing has changed: without its word nobody has rights for long.
        served = [await here.serve(name) for name in ("users", "support")]
        for process in served:
            await process.ready()
        readers = {
            "the desk": Reader(here, served[-1], DESK, operator=True),
            "one structure": Reader(here, served[-1], ONE),
            f"{MANY:,} structures": Reader(here, served[-1], WIDE),
        }
        await readers["the desk"].until_answered()
        spent: dict[tuple[str, str], list[float]] = {}
        for run in range(runs + 1):  # the first only warms what is read
            for name, reader in readers.items():
                for kind, paths in asked.items():
                    times = await reader.spent(paths)
                    if run:
                        slow = percentile(times, 99) * 1000
                        spent.setdefault((name, kind), []).append(slow)
        first = [Reader(here, served[-1], user) for user in FIRST]
        times = [await one.spent(["?tab=not_closed"]) for one in first]
        slow = percentile([one for [one] in times], 99) * 1000
        spent[f"{MANY:,} structures", "the first page they ask for"] = [slow]
        walked = await readers[f"{MANY:,} structures"].walk("?tab=not_closed&sort=title")
        await service.mongo.close()
    return _result(spent, walked, made.many)


def _result(spent: dict[tuple[str, str], list[float]], walked: int, many: int) -> Result:
    claims = tuple(
        Claim(Measured(f"page, p99: {name}, {kind}", "ms", tuple(values)), at_most=100)
        for (name, kind), values in spent.items()
    )
    return Result(
        title="Tickets",
        claims=claims,
        notes=(
            (
                f"{many:,} tickets of {STRUCTURES:,} structures, some of which write much more than "
                "others, in sentences of the assistant's articles, with a name and a number. First "
                "pages of 50, one after the other, straight from the service, after its rights check. "
                f"All were asked once before. MongoDB has {CACHE} GB of cache."
            ),
            f"The list of somebody of {MANY:,} structures was read to its end: {walked:,} tickets, each once.",
        ),
    )
