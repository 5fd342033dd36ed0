"""What clients ask for meanwhile: commands whose outcome each learns, and reads."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any

from kit.clock import today
from tests.faults.client import Answered, Client, NeverAnswered
from tests.faults.ledger import Ledger, Request, Ticket
from tests.faults.people import People
from tests.faults.tally import clock
from tests.platform import User
from tests.sirets import a_siret

REWRITES = 20
FILED = {
    "category": "FACTURES_EMISES",
    "subcategory": "SAISIE_ET_DEPOT",
    "object_number": "F-2026-0042",
}

JOURNEYS, TICKETS, STRUCTURES, READS = 1.5, 11.5, 0.3, 5.0
"""Begun in a second, on average over the run: what an outage held up is made up for."""

Pair = tuple[User, str, User, str]
"""Who may ask, for which structure, who manages it, and the token of its creation."""


@dataclass(slots=True)
class Pace:
    """Turns that come at a rate; those that nobody could take wait."""

    rate: float
    began: float = field(default_factory=clock)
    taken: int = 0

    async def turn(self) -> None:
        at = self.began + self.taken / self.rate
        self.taken += 1
        await asyncio.sleep(max(0, at - clock()))


class Load:
    """Runs until it is told to stop; what was begun is then brought to its end."""

    def __init__(self, client: Client, people: People, ledger: Ledger) -> None:
        self._client, self._people, self._ledger = client, people, ledger
        self._stopping = False
        pairs = [*product(people.requesters, people.structures)]
        random.Random(0).shuffle(pairs)
        self._pairs = deque[Pair]((lea, structure, by, "") for lea, (structure, by) in pairs)
        self._keys = count()

    async def run(self) -> None:
        self._stopping = False
        kinds: list[tuple[Callable[[], Awaitable[None]], float, int]] = [
            (self._journey, JOURNEYS, 24),
            (self._ticket, TICKETS, 400),
            (self._structure, STRUCTURES, 2),
            (self._read, READS, 12),
        ]
        async with asyncio.TaskGroup() as group:
            for do, rate, clients in kinds:
                pace = Pace(rate)
                for _ in range(clients):
                    group.create_task(self._again_and_again(do, pace))

    def stop(self) -> None:
        self._stopping = True

    async def _again_and_again(self, do: Callable[[], Awaitable[None]], pace: Pace) -> None:
        while not self._stopping:
            await pace.turn()
            if self._stopping:
                return
            try:
                await do()
            except NeverAnswered as lost:
                self._client.tally.wrong.append(f"lost: {lost}")

    def _key(self) -> str:
        return f"faults-{next(self._keys)}"

    async def _command(self, kind: str, *asked: Any, **more: Any) -> Answered:
        answer = await self._client.insist(kind, *asked, **more)
        self._ledger.commands += 1
        return answer

    async def _journey(self) -> None:
        """A request, its decision with the request's token, its outcome with the decision's."""
        if not self._pairs:
            return
        lea, structure, claire, created = pair = self._pairs.popleft()
        asked = await self._command(
            *("request", "POST", "/v1/rattachements", 202),
            by=lea,
            body={"structure_id": structure, "valid_from": today().isoformat()},
            key=self._key(),
            after=created,
        )
        id = asked.body["id"]
        noted = self._ledger.requests[id] = Request(lea.id, structure)
        verdict = random.choice(("approved", "refused", "refused"))
        decision = {"verdict": verdict, "reason": "Non." if verdict == "refused" else ""}
        decided = await self._command(
            *("decision", "PUT", f"/v1/approvals/{id}/decision", 200),
            by=claire,
            body=decision,
            after=asked.token,
        )
        noted.verdict, noted.decided_by = verdict, claire.id
        seen = await self._client.insist(
            *("outcome", "GET", f"/v1/rattachements/{id}", 200), by=lea, after=decided.token
        )
        self._ledger.reads += 1
        if seen.body["status"] != {"approved": "granted", "refused": "refused"}[verdict]:
            self._client.tally.wrong.append(f"outcome: {id} {verdict} shows {seen.body['status']}")
        if verdict == "refused":
            self._pairs.append(pair)

    async def _ticket(self) -> None:
        """A draft, written again and again; one in three is sent and closed."""
        by, to = (
            random.choice(self._people.requesters),
            random.choice(("gateway", *["support"] * 9)),
        )
        created = await self._command(
            *("ticket", "POST", "/v1/tickets", 201),
            by=by,
            to=to,
            body=FILED | {"draft": True, "title": "0"},
            key=self._key(),
        )
        id = created.body["id"]
        noted = self._ledger.tickets[id] = Ticket(by.id, title="0")
        for n in range(1, REWRITES + 1):
            body = FILED | {"title": str(n)}
            await self._command("ticket", "PUT", f"/v1/tickets/{id}", 200, by=by, to=to, body=body)
            noted.title, noted.version = str(n), noted.version + 1
        if random.random() < 1 / 3:
            await self._send(id, noted, by, to)
        read = await self._client.insist(
            "ticket read", "GET", f"/v1/tickets/{id}", 200, by=by, to=to
        )
        self._ledger.reads += 1
        if (read.body["title"], read.body["state"]) != (noted.title, noted.state):
            self._client.tally.wrong.append(f"reading: ticket {id} shows {read.body}")

    async def _send(self, id: str, noted: Ticket, by: User, to: str) -> None:
        path = f"/v1/tickets/{id}"
        await self._command("ticket", "PUT", f"{path}/submission", 200, by=by, to=to)
        noted.state, noted.told, noted.version = "open", True, noted.version + 1
        await self._command("ticket", "PUT", f"{path}/closure", 200, by=by, to=to)
        noted.state, noted.version = "closed", noted.version + 1

    async def _structure(self) -> None:
        by, siret = random.choice(self._people.managers), a_siret()
        created = await self._command(
            *("structure", "POST", "/v1/structures", 201),
            by=by,
            body={"identifier": {"type": "SIRET", "value": siret}},
            key=self._key(),
        )
        id = created.body["id"]
        self._ledger.structures[id] = by.id
        asking = self._people.requesters
        self._pairs.extend((lea, id, by, created.token) for lea in asking)

    async def _read(self) -> None:
        lea, claire = random.choice(self._people.requesters), random.choice(self._people.managers)
        structure, _ = random.choice(self._people.structures)
        path, by = random.choice(
            (
                ("/v1/me", lea),
                ("/v1/rattachements?size=20", lea),
                ("/v1/approvals?state=requested&size=20", claire),
                (f"/v1/structures/{structure}", lea),
                ("/v1/tickets?tab=not_closed&size=20", lea),
            )
        )
        answer = await self._client.ask("reading", "GET", path, by=by)
        if answer and answer.status == 200:
            self._ledger.reads += 1
