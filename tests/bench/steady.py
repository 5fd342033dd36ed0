"""
Open load for the main job: arrivals wait for nobody.

One process asks, watches the approvals, decides, and is the SMTP server, so that one clock times
all. Reads its plan on stdin, says on stdout what it saw.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

import uvloop
from pymongo import AsyncMongoClient

from kit.clock import today
from tests.bench.load import Connection, request
from tests.bench.stand import own_cpu

PATIENCE = 60
"""Seconds for the last letters to come."""


class Mailbox(asyncio.Protocol):
    """As much of an SMTP server as it takes to be handed letters."""

    letters: dict[str, float]

    def __init__(self) -> None:
        self._rest, self._data, self._to = b"", False, ""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n" in self._rest:
            if self._data:
                whole, dot, self._rest = self._rest.partition(b"\r\n.\r\n")
                if not dot:
                    self._rest = whole
                    return
                self._data = False
                self.letters.setdefault(self._to, time.perf_counter())
                self._transport.write(b"250 kept\r\n")
                continue
            line, _, self._rest = self._rest.partition(b"\r\n")
            self._transport.write(self._answer(line))

    def _answer(self, line: bytes) -> bytes:
        word = line[:4].upper()
        if word == b"EHLO":
            return b"250-bench\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if word == b"RCPT":
            self._to = re.search(rb"<([^@>]*)", line)[1].decode()
        if word == b"DATA":
            self._data = True
            return b"354 go on\r\n"
        return b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n"


class Journeys:
    """What became of each request, by its requester."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan, self._free = plan, list[Connection]()
        self.wanted: dict[str, float] = {}
        self.answered: dict[str, float] = {}
        self.visible: dict[str, float] = {}
        self.decided: dict[str, float] = {}
        self.letters: dict[str, float] = {}
        self._number = {id: n for n, id in enumerate(plan["requesters"])}
        self._tasks = set[asyncio.Task[None]]()

    async def run(self) -> dict[str, Any]:
        plan, loop = self.plan, asyncio.get_running_loop()
        Mailbox.letters = self.letters
        server = await loop.create_server(Mailbox, "127.0.0.1", plan["smtp"])
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(plan["mongo"])
        async with await client["approvals"]["approvals"].watch(
            [
                {"$match": {"operationType": "insert"}},
                {"$project": {"documentKey": 1, "fullDocument.requester_id": 1}},
            ]
        ) as stream:
            watching = asyncio.create_task(self._watch(stream))
            began, cpu = time.perf_counter(), own_cpu()
            for n, id in enumerate(plan["requesters"]):
                due = began + n / plan["rate"]
                if (early := due - time.perf_counter()) > 0:
                    await asyncio.sleep(early)
                self.wanted[id] = due
                self._begin(self._request(n, id))
            await self._all_letters()
            seconds, cpu = time.perf_counter() - began, own_cpu() - cpu
            watching.cancel()
        await client.close()
        server.close()
        return self._told() | {"cpu": cpu / seconds, "seconds": seconds}

    async def _all_letters(self) -> None:
        end = time.perf_counter() + PATIENCE
        while missing := self.wanted.keys() - self.letters.keys():
            if time.perf_counter() > end:
                seen = {"answered": self.answered, "visible": self.visible, "decided": self.decided}
                reached = ", ".join(f"{len(ids)} {what}" for what, ids in seen.items())
                raise TimeoutError(f"{len(missing)} letters did not come; {reached}")
            await asyncio.sleep(0.05)

    def _begin(self, doing: Any) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            print(f"{type(error).__name__}: {error}", file=sys.stderr)

    async def _ask(self, asked: bytes, status: int) -> None:
        self._free = [one for one in self._free if not one.closed]
        connection = self._free.pop() if self._free else await Connection.open(self.plan["gateway"])
        found, body = await connection.ask(asked)
        if found != status:
            raise RuntimeError(f"{found} {body[:200]!r}")
        self._free.append(connection)

    async def _request(self, n: int, id: str) -> None:
        structure, first = n % self.plan["structures"], today()
        body = f'{{"structure_id": "{structure:032x}", "valid_from": "{first}"}}'.encode()
        token = self.plan["tokens"][n]
        await self._ask(request("POST", "/v1/rattachements", token, body), 202)
        self.answered[id] = time.perf_counter()

    async def _watch(self, stream: Any) -> None:
        async for change in stream:
            id = change["fullDocument"]["requester_id"]
            self.visible[id] = time.perf_counter()
            self._begin(self._decide(id, change["documentKey"]["_id"]))

    async def _decide(self, id: str, approval: str) -> None:
        token = self.plan["managers"][self._number[id] % self.plan["structures"]]
        body = b'{"verdict": "approved"}'
        asked = request("PUT", f"/v1/approvals/{approval}/decision", token, body)
        await self._ask(asked, 200)
        self.decided[id] = time.perf_counter()

    def _told(self) -> dict[str, list[float]]:
        counted = self.plan["requesters"][self.plan["warm"] :]
        spans = {
            "answered": (self.wanted, self.answered),
            "visible": (self.wanted, self.visible),
            "decided": (self.visible, self.decided),
            "letter": (self.visible, self.letters),
            "whole": (self.wanted, self.letters),
        }
        return {
            hop: [ends[id] - begins[id] for id in counted] for hop, (begins, ends) in spans.items()
        }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(Journeys(json.load(sys.stdin)).run())))
