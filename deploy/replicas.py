"""A replica set of MongoDBs that ask for a password, from its first moment to its first user."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from deploy.embedded.mongod import REPLICA_SET
from kit.settings import Connections

NOT_ALLOWED, ALREADY, NOT_ALL_THERE = 13, 23, 74


async def make_set(at: str, members: Sequence[str], settings: Connections) -> None:
    """
    Have these make a set, and let its operator in: done already, it changes nothing.

    A MongoDB that has no users believes whoever comes from its own machine: ``at`` must be there.
    """
    config = {
        "_id": REPLICA_SET,
        # The first user can be made only where the primary is.
        "members": [
            {"_id": n, "host": host, "priority": 1 if n else 2} for n, host in enumerate(members)
        ],
    }
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        at, directConnection=True, serverSelectionTimeoutMS=1000
    )
    async with client:
        while True:
            with suppress(ConnectionFailure):
                hello = await client.admin.command("hello")
                if not hello.get("setName"):
                    await _unless({ALREADY, NOT_ALL_THERE}, client, "replSetInitiate", config)
                if hello.get("isWritablePrimary"):
                    return await _let_in(client, settings)
            await asyncio.sleep(0.2)


async def _let_in(client: AsyncMongoClient[dict[str, Any]], settings: Connections) -> None:
    password = settings.mongo_password.get_secret_value()
    user = {"pwd": password, "roles": ["root"]}
    # Refused once there is a user: then somebody was let in before.
    await _unless({NOT_ALLOWED}, client, "createUser", settings.mongo_user, **user)


async def _unless(
    codes: set[int],
    client: AsyncMongoClient[dict[str, Any]],
    command: str,
    what: Any,
    **more: Any,
) -> None:
    try:
        await client.admin.command(command, what, **more)
    except OperationFailure as refusal:
        if refusal.code not in codes:
            raise
