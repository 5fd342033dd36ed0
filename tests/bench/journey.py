"""The main job at a steady rate: request, approval, decision, letter, each hop timed."""

from datetime import UTC, datetime
from typing import Any

from kit.rights import Rights
from kit.service import Service
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.people import Person as Name
from services.approvals.main import build as approvals
from services.approvals.seats import seat_of
from services.approvals.settings import ApprovalsSettings
from services.notifications.domain.people import Person
from services.notifications.main import build as notifications
from services.notifications.settings import NotificationsSettings
from services.users.domain.accounts import Account
from services.users.domain.rattachements import rattachement_id
from services.users.main import build as users
from services.users.settings import UsersSettings
from tests.bench.commands import access_tokens, structures
from tests.bench.load import generate
from tests.bench.results import Claim, Curve, Measured, Result, percentile
from tests.bench.stand import Process, Stand, cpu_of, seed, stand
from tests.ports import free_ports

STRUCTURES = 200
RATE, LESS = 100, (25, 50)
"""Requests a second."""
WARM = 5
"""Seconds before anything counts."""
HOPS = {
    "answered": "request -> answered",
    "visible": "request -> approval visible",
    "decided": "decision -> answered",
    "letter": "decision -> letter handed to SMTP",
}
SHARES = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
BUILT = {
    "users": (users, UsersSettings),
    "approvals": (approvals, ApprovalsSettings),
    "notifications": (notifications, NotificationsSettings),
}
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def requester(n: int) -> str:
    return f"{n:032x}"


def manager(structure: int) -> str:
    return f"f{structure:031x}"


async def write(here: Stand, people: int) -> None:
    """People with accounts, and structures with a manager, as if told and heard long ago."""
    own: dict[str, Service[Any]] = {}
    for name, (build, kind) in BUILT.items():
        own[name] = Service(name, here.settings(kind))
        build(own[name])
        await own[name].prepare()
    await seed(own["users"], "structures", structures(STRUCTURES))
    await seed(own["users"], "accounts", (_account(requester(n)) for n in range(people)))
    rights = [_rights(n) for n in range(STRUCTURES)]
    await seed(own["approvals"], "rights", rights)
    seats = (Approvers(id=one.structure_id, seats=(seat_of(one),)) for one in rights)
    await seed(own["approvals"], "approvers", seats)
    everybody = [*map(requester, range(people)), *map(manager, range(STRUCTURES))]
    names = (Name(id=one, name="Léa Dupont", heard=1) for one in everybody)
    await seed(own["approvals"], "people", names)
    await seed(own["notifications"], "people", map(_person, everybody))
    for one in own.values():
        await one.mongo.close()


def _account(user: str) -> Account:
    return Account(
        id=user,
        status="active",
        email=f"{user}@example.org",
        first_name="Léa",
        last_name="Dupont",
        created_at=AT,
    )


def _rights(n: int) -> Rights:
    user, structure = manager(n), f"{n:032x}"
    return Rights(
        id=rattachement_id(user, structure),
        user_id=user,
        structure_id=structure,
        role="principal_manager",
        told=1,
    )


def _person(user: str) -> Person:
    return Person(
        id=user,
        first_name="Léa",
        last_name="Dupont",
        email=f"{user}@example.org",
        language="fr",
        active=True,
        heard=1,
    )


class _Platform:
    """Every service in a process of its own, and what each used of the processor."""

    def __init__(self, here: Stand) -> None:
        self.here, self.served = here, dict[str, Process]()
        [self.smtp] = free_ports(1)

    async def start(self) -> int:
        """The gateway's port."""
        for name in ("users", "structures", "approvals", "notifications", "support"):
            mail = {"smtp_port": self.smtp} if name == "notifications" else {}
            self.served[name] = await self.here.serve(name, **mail)
        upstreams = ", ".join(
            f'"{name}": "http://127.0.0.1:{one.port}"' for name, one in self.served.items()
        )
        self.served["gateway"] = await self.here.serve("gateway", upstreams=f"{{{upstreams}}}")
        for one in self.served.values():
            await one.ready()
        return self.served["gateway"].port

    def cpu(self) -> dict[str, float]:
        used = {name: one.cpu() for name, one in self.served.items()}
        return used | {"mongod": cpu_of(self.here.mongod), "broker": cpu_of(self.here.broker_pid)}


async def journey(runs: int, *, quick: bool) -> Result:
    """Row: each hop of the main job at 100 a second; and at less, for what the machine can do."""
    seconds = WARM + (10 if quick else 30)
    seen: dict[int, list[dict[str, Any]]] = {rate: [] for rate in (*LESS, RATE)}
    shares = list[dict[str, float]]()
    async with stand(kafka=True) as here:
        await write(here, sum(seen) * seconds * runs)
        platform = _Platform(here)
        gateway = await platform.start()
        first = 0
        for rate in [*seen] * runs:
            ours = range(first, first := first + rate * seconds)
            before = platform.cpu()
            found = await generate(_plan(platform, gateway, rate, ours), "tests.bench.steady")
            seen[rate].append(found)
            if rate == RATE:
                after = platform.cpu()
                shares.append(
                    {name: (after[name] - used) / found["seconds"] for name, used in before.items()}
                )
        return _result(here, seen, shares)


def _plan(platform: _Platform, gateway: int, rate: int, ours: range) -> dict[str, Any]:
    return {
        "gateway": gateway,
        "smtp": platform.smtp,
        "mongo": platform.here.mongo,
        "rate": rate,
        "warm": WARM * rate,
        "structures": STRUCTURES,
        "requesters": [*map(requester, ours)],
        "tokens": access_tokens(platform.here, [*map(requester, ours)]),
        "managers": access_tokens(platform.here, [*map(manager, range(STRUCTURES))]),
    }


def _result(
    here: Stand, every: dict[int, list[dict[str, Any]]], shares: list[dict[str, float]]
) -> Result:
    seen = every[RATE]

    def at(share: float, hop: str, rate: int = RATE) -> tuple[float, ...]:
        return tuple(percentile(one[hop], share) * 1000 for one in every[rate])

    hops = HOPS | {"whole": "request -> letter handed to SMTP"}
    parts = [
        Measured(f"{words}: p{share}", "ms", at(share, hop))
        for hop, words in hops.items()
        for share in (50, 95, 99)
    ]
    parts += [
        Measured(f"share of a core: {name}", "", tuple(one[name] for one in shares))
        for name in shares[0]
    ]
    parts += [
        Measured(f"at {rate}/s: {words}: p99", "ms", at(99, hop, rate))
        for rate in LESS
        for hop, words in HOPS.items()
    ]
    parts.append(Measured("share of a core: the load", "", tuple(one["cpu"] for one in seen)))
    lines = {words: [(share, at(share, hop)) for share in SHARES] for hop, words in hops.items()}
    return Result(
        title=f"The main job at {RATE} a second",
        claims=tuple(
            Claim(Measured(f"p99: {words}", "ms", at(99, hop)), at_most=250)
            for hop, words in HOPS.items()
        ),
        parts=tuple(parts),
        curves=(Curve("journey", f"Each hop at {RATE}/s", "percentile", "ms", lines, bound=250),),
        notes=(
            (
                f"On {here.broker}, each service in a process of its own, through the gateway. "
                "Requests arrive evenly, at 100 a second every 10 ms, whether or not those before them are answered, and each "
                "is counted from the moment it was to be sent. As soon as a change stream shows "
                "the approval, its manager approves; the letter is the one to the requester, and "
                "counts when the SMTP server has all of it. A letter to the manager leaves for each "
                "request as well. Every request of every run came to its letter."
            ),
        ),
    )
