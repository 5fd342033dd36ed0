"""Nothing is lost and nothing is done twice, whoever is killed and whenever."""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any

import pytest
from httpx import HTTPError, Response
from pymongo import AsyncMongoClient

from deploy.embedded import mail, mongod
from kit.clock import today
from tests.conftest import UNHURRIED
from tests.platform import Platform, User, until
from tests.running import PATIENCE, Running, are_gone

pytestmark = pytest.mark.faults

PEOPLE, STRUCTURES, CLIENTS = 3, 20, 5
REQUESTS = PEOPLE * STRUCTURES
TELLING = ("users", "structures", "approvals")
HEARING = ("users", "structures", "approvals", "notifications", "support", "gateway")
PARTS = {"mongod": "/mongod ", "broker": "--storage-engine"}
"""How to tell, from what a process was called with, that it is none of the services."""

HALVES = {"granted": REQUESTS // 2, "refused": REQUESTS // 2}

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Begun once: six processes that read all there is to read take their time."""
    one = Running(tmp_path_factory.mktemp("each"), "--each", "--no-demo")
    one.start(**UNHURRIED).says("^ready$")
    yield one
    if one.process.poll() is None:
        one.stop(signal.SIGTERM)


@pytest.fixture
async def databases(running: Running) -> AsyncIterator["Databases"]:
    async with AsyncMongoClient(mongod.url(running.ports["mongo_port"])) as client:
        yield Databases(client)


@pytest.mark.feature("APP-20", "NOT-15")
async def test_each_request_has_one_outcome(running: Running, databases: "Databases") -> None:
    seed = int(os.environ.get("CHORALE_SEED", random.randrange(10**6)))
    print(f"CHORALE_SEED={seed}")
    platform = Platform(running.data, running.ports)
    claire = await platform.register("Claire")
    people = [await platform.register("Lea") for _ in range(PEOPLE)]
    structures = [await platform.create_structure(claire) for _ in range(STRUCTURES)]
    await asyncio.gather(*(knows(platform, people[0], one) for one in structures))

    killing = asyncio.create_task(kill_them(running, random.Random(seed)))
    wanted = enumerate(product(people, structures))
    clients = (ask_and_decide(platform, claire, wanted, killing) for _ in range(CLIENTS))
    await asyncio.gather(*clients)
    print("killed:", *await killing)

    await until(databases.unsettled, lambda left: not left, patience=PATIENCE)
    await databases.check()
    delivered = [mail.read(one)["message-id"] for one in mail.letters(running.data / "mail")]
    written = await databases.all("notifications", "letters", status="sent")
    assert {*delivered} == {one["message_id"] for one in written}
    print(f"{len(delivered) - len({*delivered})} letters left twice, with the same Message-ID")
    await platform.http.aclose()


def test_one_process_each_comes_back_alone_and_never_outlives_us(running: Running) -> None:
    started = running.children()
    assert len(started) == len(PARTS) + len(HEARING)
    [users] = [pid for pid, args in started.items() if args.endswith("serve users")]
    os.kill(users, signal.SIGKILL)
    assert are_gone([users])
    running.until_ready("users")
    assert len(set(running.children()) - set(started)) == 1

    started = running.children()
    running.stop(signal.SIGKILL)
    if sys.platform == "linux":  # Elsewhere nothing tells a child that its parent is gone.
        assert are_gone(started)


async def knows(platform: Platform, lea: User, structure: Response) -> None:
    """The users service has heard of the structure."""
    answer = await platform.ask("GET", "/v1/rattachements", by=lea, after=structure)
    assert answer.status_code == 200


async def kill_them(running: Running, chance: random.Random) -> list[str]:
    """Each service, two of them again, the database and the broker, each at any moment."""
    victims = [*HEARING, *chance.choices(HEARING, k=2), *PARTS]
    chance.shuffle(victims)
    for name in victims:
        await asyncio.sleep(chance.uniform(0.2, 1))
        sign = PARTS.get(name, f" serve {name}")
        if pids := [pid for pid, args in running.children().items() if sign in args]:
            os.kill(pids[0], signal.SIGKILL)
    return victims


Wanted = Iterator[tuple[int, tuple[User, Response]]]


async def ask_and_decide(
    platform: Platform, claire: User, wanted: Wanted, killing: asyncio.Task[list[str]]
) -> None:
    """As clients do: until there is an answer, under the same key."""
    for n, (lea, structure) in wanted:
        if not killing.done():  # So that there is something to do until the last kill.
            await asyncio.sleep(random.uniform(0, 1))
        id = structure.json()["id"]
        asked = await insist(
            platform,
            "POST",
            "/v1/rattachements",
            202,
            by=lea,
            json={"structure_id": id, "valid_from": today().isoformat()},
            headers={"idempotency-key": id},
        )
        verdict = {"verdict": "approved"} if n % 2 else {"verdict": "refused", "reason": "Non."}
        path = f"/v1/approvals/{asked.json()['id']}/decision"
        await insist(platform, "PUT", path, 200, by=claire, json=verdict)


async def insist(platform: Platform, method: str, path: str, good: int, **asked: Any) -> Response:
    """404 is asked again too: an approval is there only once its request was heard."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                answer = await platform.ask(method, path, **asked)
                if answer.status_code == good:
                    return answer
                assert answer.status_code in {404, 503}, f"{answer.status_code} {answer.text}"
            except HTTPError:
                pass  # the gateway itself was killed
            await asyncio.sleep(0.1)


class Databases:
    """What the services kept, read behind their backs once all is done."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        self._client = client

    async def all(self, service: str, collection: str, **where: Any) -> Rows:
        return await self._client[service][collection].find(where).to_list()

    async def journal(self, service: str) -> Rows:
        return await self._client[service]["journal"].find().sort("position", 1).to_list()

    async def unsettled(self) -> list[str]:
        """What is still on its way."""
        last: dict[str, int] = {}
        left = []
        for service in TELLING:
            if waiting := await self.all(service, "journal", waiting={"$exists": True}):
                left.append(f"{len(waiting)} of {service} wait")
            slices = await self.all(service, "slices")
            last |= {f"{service}.events/{one['_id']}": one["last"] for one in slices}
        for service in HEARING:
            left += [
                f"{service} has heard {one['last']} of {last[one['_id']]} in {one['_id']}"
                for one in await self.all(service, "heard")
                if one["last"] < last.get(one["_id"], 0)
            ]
        letters = await self.all("notifications", "letters")
        kinds = Counter(one["template"] for one in letters if one["status"] == "sent")
        # A question that is answered before its letter leaves is not written about any more.
        spared = Counter(one["template"] for one in letters if one["status"] == "suppressed")
        outcomes = kinds["rattachement-granted"] + kinds["rattachement-refused"]
        opened = kinds["approval-opened"] + spared["approval-opened"]
        if (opened, outcomes) != (REQUESTS, REQUESTS):
            left.append(f"letters: {kinds}, not sent: {spared}")
        return left

    async def check(self) -> None:
        told = {service: await self.journal(service) for service in TELLING}
        for rows in told.values():
            positions = defaultdict[int, list[int]](list)
            for row in rows:
                positions[row["slice"]].append(row["position"])
            assert all(found == [*range(1, len(found) + 1)] for found in positions.values())
        await self._check_outcomes(Counter((r["type"], r["key"]) for r in told["users"]))
        await self._check_approvals(Counter((r["type"], r["key"]) for r in told["approvals"]))
        await self._check_rights(told["users"])
        for service in HEARING:
            assert await self.all(service, "parked") == []
            assert await self.all(service, "discarded") == []

    async def _check_outcomes(self, told: Counter[tuple[str, str]]) -> None:
        created = {one["_id"] for one in await self.all("users", "structures")}
        requests = await self.all("users", "requests", _id={"$nin": [*created]})
        assert len(created) == STRUCTURES
        assert Counter(one["status"] for one in requests) == Counter(HALVES)
        for one in requests:
            assert told["users.rattachement-requested.v1", one["_id"]] == 1
            for outcome in HALVES:
                times = told[f"users.rattachement-{outcome}.v1", one["_id"]]
                assert times == (one["status"] == outcome)

    async def _check_approvals(self, told: Counter[tuple[str, str]]) -> None:
        approvals = await self.all("approvals", "approvals")
        assert len(approvals) == REQUESTS
        assert sum(told.values()) == 2 * REQUESTS
        for one in approvals:
            assert one["state"] in {"approved", "refused"}
            assert told["approvals.approval-opened.v1", one["_id"]] == 1
            assert told["approvals.approval-decided.v1", one["_id"]] == 1

    async def _check_rights(self, told: Rows) -> None:
        """The copies are what was told last, and each fact was newer than the one before it."""
        last: dict[str, int] = {}
        for row in told:
            if row["type"] == "users.rights-changed.v1":
                version = json.loads(row["data"])["version"]
                assert version > last.get(row["key"], 0)
                last[row["key"]] = version
        assert len(last) == STRUCTURES + HALVES["granted"]
        for service in ("structures", "approvals", "support"):
            copies = await self.all(service, "rights")
            assert {one["_id"]: one["told"] for one in copies} == last
