"""Whether anybody is ever answered on rights, or on a session, that changed too long ago."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from kit.clock import today
from tests.faults.client import Answered, Client
from tests.faults.ledger import Ledger, Request, Ticket
from tests.faults.people import People
from tests.faults.stage import RIGHTS_MAX_AGE
from tests.faults.tally import clock
from tests.platform import PASSWORD, User

SLACK = 1.7
"""
A second that clocks may be apart unnoticed; what the gateway may have remembered an answer for, and
its look at what other replicas heard.
"""
EVERY = 0.1
LONGEST = 120.0

KINDS = ("rights", "ticket", "rights withdrawn", "ticket withdrawn", "session")

Ask = Callable[[], Awaitable[Answered | None]]


@dataclass(slots=True)
class Staleness:
    """Of one kind of answer: how often it was probed, and how late a stale one ever was begun."""

    probed: int = 0
    latest: float = 0
    violations: list[str] = field(default_factory=list)


class Probe:
    """Changes one thing at a time, and asks for it until the change shows."""

    def __init__(self, client: Client, people: People, ledger: Ledger) -> None:
        self._client, self._people, self._ledger = client, people, ledger
        self.seen = {kind: Staleness() for kind in KINDS}
        self._keys = count()
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True

    async def run(self) -> None:
        structures = iter(self._people.structures)
        while not self._stopping:
            if pair := next(structures, None):
                ticket_id = await self._grant(*pair)
                await self._withdraw(*pair, ticket_id)
            await self._sign_out()
            await asyncio.sleep(4)

    async def _grant(self, structure: str, claire: User) -> str:
        """Somebody gets rights: structures and support must not deny them for long."""
        nadia, insist = self._people.prober, self._client.insist
        asked = await insist(
            *("request", "POST", "/v1/rattachements", 202),
            by=nadia,
            body={"structure_id": structure, "valid_from": today().isoformat()},
            key=f"probe-{next(self._keys)}",
        )
        id = asked.body["id"]
        noted = self._ledger.requests[id] = Request(nadia.id, structure)
        await insist(
            *("decision", "PUT", f"/v1/approvals/{id}/decision", 200),
            by=claire,
            body={"verdict": "approved"},
            after=asked.token,
        )
        noted.verdict, noted.decided_by = "approved", claire.id
        while True:
            kept = await insist(
                *("truth", "GET", f"/v1/rattachements/{id}", 200), by=nadia, to="users"
            )
            if kept.body["status"] == "granted":
                break
            await asyncio.sleep(EVERY)
        since, write = clock(), self._writes(nadia, structure)
        _, written = await asyncio.gather(
            self._until("rights", since, self._reads(nadia, structure), _knows_more),
            self._until("ticket", since, write, _written),
        )
        while not (written and _written(written)):
            # However late that is: it may have been kept by a process that could not say so.
            await asyncio.sleep(EVERY)
            written = await write()
        return str(written.body["id"])

    async def _withdraw(self, structure: str, claire: User, ticket_id: str) -> None:
        """They are taken back: structures and support must not go by them for long."""
        nadia = self._people.prober
        await self._client.insist(
            *("detachment", "PUT", f"/v1/structure-users/{structure}/{nadia.id}/detachment", 200),
            by=claire,
            to="users",
            body={"comment": "Fin."},
        )
        since = clock()
        rewrites = self._rewrites(nadia, structure, ticket_id)
        await asyncio.gather(
            self._until("rights withdrawn", since, self._reads(nadia, structure), _knows_less),
            self._until("ticket withdrawn", since, rewrites, _refused),
        )

    def _reads(self, nadia: User, structure: str) -> Ask:
        path = f"/v1/structures/{structure}"
        return lambda: self._client.ask("probe", "GET", path, by=nadia, to="structures")

    def _writes(self, nadia: User, structure: str) -> Ask:
        """One ticket, asked for under one key until it is there: a refusal keeps nothing."""
        body, key = {"draft": True, "structure_id": structure}, f"probe-{next(self._keys)}"

        async def write() -> Answered | None:
            answer = await self._client.ask(
                "probe", "POST", "/v1/tickets", by=nadia, to="support", body=body, key=key
            )
            if answer and answer.status == 201:
                self._ledger.tickets[answer.body["id"]] = Ticket(nadia.id)
            return answer

        return write

    def _rewrites(self, nadia: User, structure: str, ticket_id: str) -> Ask:
        """What the draft says already: where it is let through, nothing changes."""
        return lambda: self._client.ask(
            *("probe", "PUT", f"/v1/tickets/{ticket_id}"),
            by=nadia,
            to="support",
            body={"structure_id": structure},
        )

    async def _until(
        self, kind: str, since: float, ask: Ask, fresh: Callable[[Answered], bool | None]
    ) -> Answered | None:
        """The fresh answer; ``fresh`` says None of what is neither a right one nor a stale one."""
        seen = self.seen[kind]
        seen.probed += 1
        while clock() < since + LONGEST:
            begun = clock() - since
            answer = await ask()
            verdict = fresh(answer) if answer else None
            if verdict:
                return answer
            if verdict is False:
                seen.latest = max(seen.latest, begun)
                if begun > RIGHTS_MAX_AGE + SLACK:
                    seen.violations.append(f"{kind}: stale {begun:.1f} s after the change")
            await asyncio.sleep(EVERY)
        seen.violations.append(f"{kind}: not seen {LONGEST:.0f} s after the change")
        return None

    async def _sign_out(self) -> None:
        """Somebody signs out: the gateway must not let that token in for long."""
        nadia = self._people.prober
        opened = await self._client.insist(
            *("sign in", "POST", "/v1/sessions", 201),
            by=nadia,
            body={"email": nadia.email, "password": PASSWORD},
        )
        here = User(nadia.email, opened.body["access_token"], nadia.id)
        path = f"/v1/sessions/{_session(here.access_token)}"
        await self._client.insist("sign out", "DELETE", path, 204, by=nadia, to="users")
        since = clock()
        me: Ask = lambda: self._client.ask("probe", "GET", "/v1/me", by=here)  # noqa: E731
        await self._until("session", since, me, _signed_out)


def _knows_more(answer: Answered) -> bool | None:
    return "created_by" in answer.body if answer.status == 200 else None


def _knows_less(answer: Answered) -> bool | None:
    known = _knows_more(answer)
    return None if known is None else not known


def _refused(answer: Answered) -> bool | None:
    return {404: True, 422: True, 200: False}.get(answer.status)


def _written(answer: Answered) -> bool | None:
    return {201: True, 422: False}.get(answer.status)


def _session(token: str) -> str:
    claims = token.split(".")[1]
    said = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return str(said["sid"])


def _signed_out(answer: Answered) -> bool | None:
    return {401: True, 200: False}.get(answer.status)
