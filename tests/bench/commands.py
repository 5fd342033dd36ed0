"""A command over HTTP, to the service and through the gateway, against a route with one insert."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from kit import clock
from kit.ids import new_id
from kit.internal import Caller, sign
from kit.service import Service
from services.users.domain.structures import Structure
from services.users.main import build
from services.users.settings import UsersSettings
from services.users.tokens import Signer
from tests.bench.load import generate
from tests.bench.results import Claim, Measured, Result, percentile, ratio
from tests.bench.stand import Process, Stand, seed, stand
from tests.bench.until import until
from tests.ports import free_ports

CLIENTS = 64
STRUCTURES = 20_000
BODY = f'{{"structure_id": "%032x", "valid_from": "{clock.today()}"}}'


def structures(many: int) -> Iterator[Structure]:
    for n in range(many):
        yield Structure(
            id=f"{n:032x}",
            identifier=f"{n:014}",
            legal_name=f"Menuiserie {n}",
            kind="private",
            status="active",
        )


def access_tokens(here: Stand, users: list[str], *, minutes: int = 60) -> list[str]:
    """As the users service signs them."""
    signer, now = Signer(SecretStr(here.secret("access_private_key"))), clock.now()
    claims = [{"sub": one, "sid": new_id(), "roles": []} for one in users]
    until = now.replace(year=now.year + 1)
    return [signer.access_token(one, now=now, until=until) for one in claims]


class _Sides:
    """The three servers, and what was measured of each."""

    def __init__(self, here: Stand, service: Service[Any], ports: dict[str, Process]) -> None:
        self.here, self.service, self.processes = here, service, ports
        self.first = 0
        users = [new_id() for _ in range(CLIENTS)]
        self.passes = access_tokens(here, users)
        self.users = users
        self.seen: dict[str, list[dict[str, Any]]] = {name: [] for name in ports}

    async def measure(self, name: str, seconds: float, *, keep: bool = True) -> None:
        key = self.here.secret("internal_key")
        words = [sign(Caller(user_id=one), key, at=clock.now()) for one in self.users]
        process = self.processes[name]
        plan = {
            "port": process.port,
            "seconds": seconds,
            "method": "POST",
            "path": "/v1/rattachements",
            "body": BODY,
            "first": self.first,
            "tokens": {"service": words, "gateway": self.passes, "bare": [""] * CLIENTS}[name],
        }
        cpu, began = process.cpu(), time.perf_counter()
        seen = await generate(plan)
        seen["server_cpu"] = (process.cpu() - cpu) / (time.perf_counter() - began)
        if set(seen["statuses"]) != {"202"}:
            raise RuntimeError(f"{name} answered {seen['statuses']}")
        self.first += max(1, int(seen["rate"] * seconds / CLIENTS * 3))
        began = time.perf_counter()
        await until(self._all_told, patience=120)
        seen["untold"] = time.perf_counter() - began
        if keep:
            self.seen[name].append(seen)

    async def _all_told(self) -> bool:
        return not await self.service.journal.rows.find_one({"waiting": {"$gte": 0}})

    def of(self, name: str, what: str) -> tuple[float, ...]:
        return tuple(one[what] for one in self.seen[name])


async def commands(runs: int, *, quick: bool) -> Result:
    """Rows: a command through the service, and through the gateway as well."""
    seconds = 2 if quick else 6
    async with stand() as here:
        service = Service("users", here.settings(UsersSettings))
        build(service)
        await service.prepare()
        await seed(service, "structures", structures(STRUCTURES))
        users = await here.serve("users")
        upstreams = f'{{"users": "http://127.0.0.1:{users.port}"}}'
        gateway = await here.serve("gateway", upstreams=upstreams)
        [port] = free_ports(1)
        command = (sys.executable, "-m", "tests.bench.bare", str(port))
        bare = await here.run("bare", command, port, "/livez", {})
        await gateway.ready()
        sides = _Sides(here, service, {"service": users, "gateway": gateway, "bare": bare})
        for name in sides.processes:
            await sides.measure(name, 2, keep=False)
        for _ in range(runs):
            for name in sides.processes:
                await sides.measure(name, seconds)
        await service.mongo.close()
        return _result(sides, here)


def _result(sides: _Sides, here: Stand) -> Result:
    rates = {name: sides.of(name, "rate") for name in sides.processes}
    said = {"service": "service", "gateway": "gateway and service", "bare": "bare route"}
    parts: list[Measured] = []
    for name, words in said.items():
        spent = [one["spent"] for one in sides.seen[name]]
        parts += [
            Measured(f"{words}: answered", "/s", rates[name]),
            Measured(f"{words}: p50", "ms", tuple(percentile(s, 50) * 1000 for s in spent)),
            Measured(f"{words}: p99", "ms", tuple(percentile(s, 99) * 1000 for s in spent)),
            Measured(f"{words}: its server's share of a core", "", sides.of(name, "server_cpu")),
            Measured(f"{words}: the load's share of a core", "", sides.of(name, "cpu")),
        ]
        if name != "bare":
            parts.append(
                Measured(f"{words}: seconds to tell the rest", "s", sides.of(name, "untold"))
            )
    return Result(
        title="A command over HTTP",
        claims=(
            Claim(ratio("service / bare route", rates["service"], rates["bare"]), at_least=1.2),
            Claim(ratio("gateway / bare route", rates["gateway"], rates["bare"]), at_least=0.6),
        ),
        parts=tuple(parts),
        notes=(
            (
                f"{CLIENTS} clients on kept connections, each asking again as soon as it is answered: "
                "`POST /v1/rattachements` (reads a structure, writes the request, the rattachement "
                "and a journal row) against a route of FastAPI with one `insert_one` of motor, "
                "`w: majority`. One process each, the same uvicorn, loop and parser."
            ),
            (
                f"On {here.broker}; the relay tells meanwhile, and what it has yet to tell at the end "
                "of a turn is told before the next turn begins."
            ),
        ),
    )
