"""Long lists over HTTP: a user in many structures, a structure with many users."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kit import clock
from kit.internal import Caller, sign
from kit.rights import Rights
from kit.service import Service
from services.approvals.domain.approvals import Approval
from services.approvals.domain.people import Person as Name
from services.approvals.main import build as approvals
from services.approvals.settings import ApprovalsSettings
from services.structures.main import build as structures
from services.structures.settings import StructuresSettings
from services.users import catalogue
from services.users.domain.accounts import Account
from services.users.domain.lines import Extent
from services.users.domain.management import Management
from services.users.domain.questions import normalised
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from services.users.main import build as users
from services.users.settings import UsersSettings
from tests.bench.directory import Directory
from tests.bench.load import Connection, request
from tests.bench.results import Claim, Measured, Result, percentile
from tests.bench.stand import Process, Stand, seed, stand
from tests.bench.until import until

BUILT = {
    "users": (users, UsersSettings),
    "structures": (structures, StructuresSettings),
    "approvals": (approvals, ApprovalsSettings),
}
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = AT.date()
BUSY, BOSS = "b" * 32, "c" * 32
"""The user who manages many structures, and the manager of the structure with many users."""
FIRST = "Léa"
GIVEN = catalogue.defaults(catalogue.read())
TOO_STALE = 503
UNITS = 50
"""Of the structure with many users, each of whom is attached to one."""


def _manages(user: str, structure: str) -> Rights:
    return Rights(
        id=rattachement_id(user, structure),
        user_id=user,
        structure_id=structure,
        role="principal_manager",
        told=1,
    )


def _approval(n: int, structure: str) -> Approval:
    return Approval(
        id=f"{structure[-8:]}{n:024x}",
        kind="rattachement",
        subject_id=f"{n:032x}",
        requester_id=f"{n:032x}",
        structure_id=structure,
        structure_identifier="73282932000074",
        structure_name="Menuiserie Petit",
        valid_from=DAY,
        opened_at=AT + timedelta(seconds=n),
        told=True,
    )


def _account(user: str, name: str) -> Account:
    return Account(
        id=user,
        status="active",
        email=f"{user}@example.org",
        first_name=FIRST,
        last_name=name,
        created_at=AT,
    )


class _Lists:
    """What is written before anything is asked, and what must come back."""

    def __init__(self, here: Stand, structures: int, users: int) -> None:
        self.here, self.users = here, users
        directory = Directory()
        self.names = directory.surnames[:users]
        self.public = [*directory.structures(structures)]
        self.theirs = [one.id for one in self.public]
        self.crowded = self.theirs[0]
        self.services: dict[str, Service[Any]] = {}
        for name, (build, kind) in BUILT.items():
            self.services[name] = Service(name, here.settings(kind))
            build(self.services[name])

    async def write(self) -> None:
        for one in self.services.values():
            await one.prepare()
        own = self.services
        rights = [_manages(BUSY, one) for one in self.theirs[1:]]
        rights.append(_manages(BOSS, self.crowded))
        await seed(own["approvals"], "rights", [*rights, *self._members()])
        await seed(own["structures"], "rights", [*rights, *self._members()])
        await seed(own["structures"], "structures", self.public)
        await seed(own["users"], "requests", self._requests())
        await seed(own["users"], "rattachements", self._rattachements())
        await seed(own["users"], "accounts", self._accounts())
        managed = Management(id=self.crowded, principal_manager_id=BOSS)
        await seed(own["users"], "management", [managed])
        crowd = (_approval(n, self.crowded) for n in range(self.users))
        await seed(own["approvals"], "approvals", crowd)
        each = (_approval(n, one) for n, one in enumerate(self.theirs[1:]))
        await seed(own["approvals"], "approvals", each)
        people = (Name(id=f"{n:032x}", name="Léa Dupont", heard=1) for n in range(self.users))
        await seed(own["approvals"], "people", people)

    def _members(self) -> Iterator[Rights]:
        for n in range(self.users):
            user = f"{n:032x}"
            yield Rights(
                id=rattachement_id(user, self.crowded),
                user_id=user,
                structure_id=self.crowded,
                role="user",
                told=1,
            )

    def _requests(self) -> Iterator[RattachementRequest]:
        for n, structure in enumerate(self.theirs[1:]):
            yield RattachementRequest(
                id=f"{n:032x}",
                user_id=BUSY,
                structure_id=structure,
                structure_identifier="73282932000074",
                structure_name="Menuiserie Petit",
                extent=Extent(valid_from=DAY),
                status="granted",
                requested_at=AT + timedelta(seconds=n),
            )

    def _rattachements(self) -> Iterator[Rattachement]:
        for structure in self.theirs[1:]:
            yield Rattachement(
                id=rattachement_id(BUSY, structure),
                user_id=BUSY,
                structure_id=structure,
                role="principal_manager",
                lines=Extent(valid_from=DAY).lines(),
                habilitations=GIVEN["principal_manager"],
            )
        yield Rattachement(
            id=rattachement_id(BOSS, self.crowded),
            user_id=BOSS,
            structure_id=self.crowded,
            role="principal_manager",
            lines=Extent(valid_from=DAY).lines(),
            habilitations=GIVEN["principal_manager"],
        )
        for n in range(self.users):
            user = f"{n:032x}"
            yield Rattachement(
                id=rattachement_id(user, self.crowded),
                user_id=user,
                structure_id=self.crowded,
                role="user",
                lines=Extent(units=(f"unit-{n % UNITS}",), valid_from=DAY).lines(),
                habilitations=GIVEN["user"],
            )

    def _accounts(self) -> Iterator[Account]:
        for user in (BUSY, BOSS):
            yield _account(user, "Martin")
        for n, name in enumerate(self.names):
            yield _account(f"{n:032x}", name)

    def named(self, words: str) -> int:
        """How many of the many users have this in what is known of them."""
        known = (normalised(f"{FIRST} {name} {n:032x}") for n, name in enumerate(self.names))
        return sum(normalised(words) in said for said in known)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody who reads one list of one service."""

    here: Stand
    process: Process
    path: str
    user: str
    expected: int
    named_by: tuple[str, ...] = ("id",)
    """What tells its items apart."""

    async def until_answered(self) -> None:
        """Until users has been heard."""
        connection = await Connection.open(self.process.port)

        async def answered() -> bool:
            status, _ = await self._ask(connection, self.path)
            return status != TOO_STALE

        await until(answered)
        connection.close()

    async def _ask(self, connection: Connection, path: str) -> tuple[int, bytes]:
        token = sign(Caller(user_id=self.user), self.here.secret("internal_key"), at=clock.now())
        return await connection.ask(request("GET", path, token))

    async def _page(self, connection: Connection, query: str) -> dict[str, Any]:
        joined = "&" if "?" in self.path else "?"
        path = f"{self.path}{joined}{query}" if query else self.path
        status, body = await self._ask(connection, path)
        if status != 200:
            raise RuntimeError(f"{path} answers {status} {body[:300]!r}")
        return dict(json.loads(body))

    async def walk(self) -> None:
        """Through all pages: every item once."""
        connection = await Connection.open(self.process.port)
        seen, cursor = list[str](), ""
        while cursor is not None:
            page = await self._page(connection, f"size=500&cursor={cursor}")
            seen += [":".join(one[field] for field in self.named_by) for one in page["items"]]
            cursor = page["next"]
        connection.close()
        if len(seen) != self.expected or len({*seen}) != self.expected:
            raise RuntimeError(f"{self.path}: {len(seen)} of {self.expected}, or some twice")

    async def first_pages(self, times: int) -> list[float]:
        connection = await Connection.open(self.process.port)
        spent = []
        for _ in range(times):
            began = time.perf_counter()
            await self._page(connection, "")
            spent.append(time.perf_counter() - began)
        connection.close()
        return spent


def _of_users(here: Stand, process: Process, written: _Lists) -> dict[str, _Reader]:
    """What the service users lists of the structure with many users, and of many structures."""
    users, many = written.users, len(written.theirs) - 1
    rare = written.names[users // 2]
    listed = f"/v1/structure-users?structure_id={written.crowded}"
    sought = f"/v1/managed-structures/successors?structure_id={written.crowded}"
    asked = {
        f"users of a structure with {users:,} users": (listed, users + 1),
        "users of one of its units": (f"{listed}&unit=unit-7", users // UNITS + 1),
        "who of so many users could manage the structure": (sought, users),
        "the same, sought by a name": (f"{sought}&q={quote(rare)}", written.named(rare)),
    }
    of_crowd = {
        name: _Reader(here, process, path, BOSS, expected, ("user_id",))
        for name, (path, expected) in asked.items()
    }
    of_many = _Reader(here, process, "/v1/structure-users", BUSY, many, ("structure_id",))
    return of_crowd | {f"users of all {many:,} structures of a manager": of_many}


async def lists(runs: int, *, quick: bool) -> Result:
    """Row: a user in 2,000 structures, a structure with 20,000 users."""
    structures, users = (201, 2_000) if quick else (2_001, 20_000)
    async with stand() as here:
        written = _Lists(here, structures, users)
        await written.write()
        served = {name: await here.serve(name) for name in BUILT}
        for process in served.values():
            await process.ready()
        many = structures - 1
        listed = {
            f"requests of a user in {many:,} structures": _Reader(
                here, served["users"], "/v1/rattachements", BUSY, many
            ),
            f"approvals for a manager of {many:,} structures": _Reader(
                here, served["approvals"], "/v1/approvals", BUSY, many
            ),
            "structures of such a manager": _Reader(
                here, served["structures"], "/v1/structures?mine=attached", BUSY, many
            ),
            f"approvals of a structure with {users:,} users": _Reader(
                here, served["approvals"], "/v1/approvals", BOSS, users
            ),
        } | _of_users(here, served["users"], written)
        found: dict[str, list[float]] = {name: [] for name in listed}
        for reader in listed.values():
            await reader.until_answered()
            await reader.walk()
        for _ in range(runs):
            for name, reader in listed.items():
                spent = await reader.first_pages(50 if quick else 200)
                found[name].append(percentile(spent, 99) * 1000)
    return Result(
        title="Long lists",
        claims=tuple(
            Claim(Measured(f"first page, p99: {name}", "ms", tuple(values)), at_most=100)
            for name, values in found.items()
        ),
        notes=(
            (
                "Each list was first read to its end, 500 items a page: every item was there, once. "
                "First pages have 50 items, asked one after the other, straight from the service, "
                "after the rights check. The services' own processes, the embedded broker."
            ),
        ),
    )
