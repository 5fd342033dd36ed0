"""Who may do what, asked of users: one question, a hundred at once, and how both grow."""

import random
import time
from collections.abc import Iterator
from typing import Any

from contracts.users import Habilitation, Line
from kit.clock import now, today
from kit.http import Caller
from kit.service import Service
from services.users.checking import Checking
from services.users.domain.accounts import Account
from services.users.domain.checks import Check
from services.users.domain.rattachements import Rattachement
from services.users.membership import Membership
from services.users.settings import UsersSettings
from tests.bench.results import Claim, Curve, Measured, Result, percentile, ratio
from tests.bench.stand import Stand, collection_of, document, insert, stand

STRUCTURES_OF_ONE = 5
AT_ONCE = 100
SEED = 13
ERP = Caller(client_id="bench", scopes=frozenset({"rights:check"}))
SIDES = ("one", "many", "raw")


class _Users:
    """The users service with so many rattachements."""

    def __init__(self, here: Stand, rows: int) -> None:
        self.rows = rows
        settings = here.settings(UsersSettings, database_prefix=f"c{rows}-")
        self.service = Service("users", settings)
        self.of = Membership.of(self.service)
        self.accounts = self.service.collection("accounts", Account)
        self.checking = Checking(self.of, self.accounts)
        self._drawn = random.Random(SEED)
        self.spent: dict[str, list[float]] = {side: [] for side in SIDES}

    async def fill(self) -> None:
        await self.service.mongo.create("rattachements", "accounts")
        await insert(self.of.rattachements.documents, self._ties())
        await insert(self.accounts.documents, self._accounts())
        await self.service._prepare_patiently()

    def _ties(self) -> Iterator[dict[str, Any]]:
        first = Rattachement(
            id="",
            user_id="",
            structure_id="",
            role="user",
            lines=(Line(valid_from=today()),),
            habilitations=tuple(
                Habilitation(application=f"application-{n}", level="modification")
                for n in range(10)
            ),
        )
        shape = document(collection_of(self.service, "rattachements"), first)
        for n in range(self.rows):
            user, structure = _pair(n)
            yield shape | {"_id": f"{user}:{structure}", "user_id": user, "structure_id": structure}

    def _accounts(self) -> Iterator[dict[str, Any]]:
        first = Account(
            id="",
            status="active",
            email="lea@example.org",
            first_name="Léa",
            last_name="Dupont",
            created_at=now(),
        )
        shape = document(collection_of(self.service, "accounts"), first)
        for n in range(self.rows // STRUCTURES_OF_ONE):
            yield shape | {"_id": f"{n:032x}", "email": f"{n}@example.org"}

    async def measure(self, calls: int) -> None:
        """A check, a find_one and a hundred checks in turn, each of other rows: p50 of each."""
        spent: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(calls):
            for side in SIDES:
                checks = [self._check() for _ in range(AT_ONCE if side == "many" else 1)]
                began = time.perf_counter()
                if side == "raw":
                    tie = f"{checks[0].user_id}:{checks[0].structure_id}"
                    await self.of.rattachements.documents.find_one({"_id": tie})
                else:
                    answers = await self.checking.answers(checks, ERP)
                    if not all(answer.allowed for answer, _ in answers):
                        raise RuntimeError("what was granted is refused")
                spent[side].append(time.perf_counter() - began)
        for side in SIDES:
            self.spent[side].append(percentile(spent[side], 50))

    def _check(self) -> Check:
        user, structure = _pair(self._drawn.randrange(self.rows))
        asked = {"application": "application-7", "level": "modification", "on": today()}
        return Check(user_id=user, structure_id=structure, **asked)


def _pair(n: int) -> tuple[str, str]:
    user = n // STRUCTURES_OF_ONE
    return f"{user:032x}", f"{(user * 7919 + n % STRUCTURES_OF_ONE) % 1_000_003:032x}"


async def checking(runs: int, *, quick: bool) -> Result:
    """Row: a check and a batch of checks, with five million rights."""
    sizes = (10_000, 50_000) if quick else (10_000, 100_000, 1_000_000, 5_000_000)
    async with stand(cache=4) as here:
        every = [_Users(here, rows) for rows in sizes]
        for one in every:
            await one.fill()
            await one.measure(100)
            one.spent = {side: [] for side in SIDES}
        for _ in range(runs):
            for one in every:
                await one.measure(100 if quick else 500)
        return _result(every)


def _result(every: list[_Users]) -> Result:
    least, most = every[0], every[-1]
    said = {"one": "a check", "many": f"{AT_ONCE} checks at once", "raw": "find_one"}
    parts = [
        Measured(f"{said[side]} at {one.rows:,} rattachements: p50", "µs", _micro(one.spent[side]))
        for one in every
        for side in SIDES
    ]
    points = {said[s]: [(one.rows, _micro(one.spent[s])) for one in every] for s in SIDES}
    each = [value / AT_ONCE for value in most.spent["many"]]
    return Result(
        title="Who may do what, asked of users",
        claims=(
            Claim(
                ratio(f"one of {AT_ONCE} at once / find_one", each, most.spent["raw"]), at_most=1.3
            ),
            Claim(
                ratio(
                    f"a check at {most.rows:,} rattachements / at {least.rows:,}",
                    most.spent["one"],
                    least.spent["one"],
                ),
                at_most=1.5,
            ),
        ),
        parts=tuple(parts),
        curves=(Curve("checks", "Checks, p50", "rattachements", "µs", points, stretched=True),),
        notes=(
            (
                "A check reads the rattachement and the account, and names the grant: two reads one "
                "after the other. All answers are allowed by the eighth of ten profiles. Each call is "
                "about other rows, drawn at random; MongoDB has 4 GB of cache."
            ),
        ),
    )


def _micro(values: list[float]) -> tuple[float, ...]:
    return tuple(value * 1e6 for value in values)
