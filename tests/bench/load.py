"""
The load: HTTP from a process of its own, as light as Python allows.

Closed: each client asks, waits for the answer, asks again. Reads its plan on stdin, says on stdout
what it saw.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import httptools
import uvloop

from tests.bench.stand import own_cpu


class Connection(asyncio.Protocol):
    """One connection that is kept: a request, its whole answer, the next request."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._parser: Any = None
        self._body: list[bytes] = []

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, one = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return one

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("closed before the answer"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self._body, self._parser = [], httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    @property
    def closed(self) -> bool:
        """Whether the server closed it, as it does with what lies idle."""
        return bool(self._transport.is_closing())

    def close(self) -> None:
        self._transport.close()


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    said = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n"
    if token:
        said += f"Authorization: Bearer {token}\r\n"
    if body:
        said += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return said.encode() + b"\r\n" + body


async def closed(plan: dict[str, Any]) -> dict[str, Any]:
    """``tokens``: one for each client; ``body`` takes the client's own count."""
    statuses, spent = Counter[int](), list[float]()
    began, cpu = time.perf_counter(), own_cpu()
    end = began + plan["seconds"]

    async def client(token: str) -> None:
        connection, n = await Connection.open(plan["port"]), plan["first"]
        while (at := time.perf_counter()) < end:
            body = (plan["body"] % n).encode() if plan["body"] else b""
            status, _ = await connection.ask(request(plan["method"], plan["path"], token, body))
            if (answered := time.perf_counter()) < end:
                statuses[status] += 1
                spent.append(answered - at)
            n += 1
        connection.close()

    await asyncio.gather(*map(client, plan["tokens"]))
    seconds = time.perf_counter() - began
    return {
        "statuses": statuses,
        "rate": len(spent) / plan["seconds"],
        "spent": sorted(spent),
        "cpu": (own_cpu() - cpu) / seconds,
    }


async def generate(plan: dict[str, Any], module: str = "tests.bench.load") -> dict[str, Any]:
    """Run a plan in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await child.communicate(json.dumps(plan).encode())
    if child.returncode:
        raise RuntimeError("the load ended by an error")
    seen: dict[str, Any] = json.loads(told)
    return seen


if __name__ == "__main__":
    print(json.dumps(uvloop.run(closed(json.load(sys.stdin)))))
