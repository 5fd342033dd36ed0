"""
Who may do what in Kafka and MongoDB: each service its own topic, group and database, no more.

The cards of the services are the source (the docstring of ``services/<name>/__init__.py``): a
service writes to the topic it publishes on and reads the topics it consumes from.
"""

import importlib
import re
from collections.abc import Mapping
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from deploy.installation import service_names
from deploy.kafka import admin
from deploy.kafka.admin import GROUP, READ, TOPIC, WRITE, Right
from kit.settings import Connections

NO_SUCH_USER = 11
KINDS = {TOPIC: "topic", GROUP: "group"}
OPERATIONS = {READ: "read", WRITE: "write"}


def card(service: str) -> dict[str, list[str]]:
    """What a service says it owns, consumes and publishes."""
    package = importlib.import_module(f"services.{service}")
    _, _, lists = (package.__doc__ or "").strip().partition("\n\n")
    heads = re.findall(r"^(\w+)\s+((?:.+\n?)(?:^ +.+\n?)*)", lists, re.MULTILINE)
    return {head: re.findall(r"[a-z]+\.[a-z-]+", text) for head, text in heads}


def rights(service: str, *, prefix: str = "") -> set[Right]:
    """What a service may do in Kafka, signed in under its own name."""
    said = card(service)
    told = {f"{one.partition('.')[0]}.events" for one in said["Publishes"]}
    heard = {f"{one.partition('.')[0]}.events" for one in said["Consumes"]}
    return {
        *(Right(TOPIC, topic, service, WRITE) for topic in told),
        *(Right(TOPIC, topic, service, READ) for topic in heard),
        *({Right(GROUP, prefix + service, service, READ)} if heard else ()),
    }


def passwords(folder: Path, of: str) -> dict[str, str]:
    """Of each service, the password that ``chorale secrets`` has made for it."""
    return {
        name: (folder / name / f"chorale_{of}_password").read_text().strip()
        for name in service_names()
    }


async def apply_to_kafka(settings: Connections, known: Mapping[str, str]) -> list[str]:
    """Passwords and rights of every service; rights it no longer has are withdrawn."""
    wanted = set[Right]().union(*(rights(one, prefix=settings.database_prefix) for one in known))
    async with admin.cluster(settings) as cluster:
        await cluster.keep_passwords(known)
        there = await cluster.rights(known)
        if missing := wanted - there:
            await cluster.grant(missing)
        if superfluous := there - wanted:
            await cluster.withdraw(superfluous)
    return [
        *(f"{_told(one)}: granted" for one in sorted(missing)),
        *(f"{_told(one)}: withdrawn" for one in sorted(superfluous)),
    ]


def _told(right: Right) -> str:
    operation = OPERATIONS.get(right.operation, f"operation {right.operation}")
    return f"{right.user}: {operation} {KINDS.get(right.kind, right.kind)} {right.name}"


async def apply_to_mongo(settings: Connections, known: Mapping[str, str]) -> list[str]:
    """A user for each service, who may read and write in its own database alone."""
    changed = []
    async with AsyncMongoClient[dict[str, object]](
        settings.mongo,
        username=settings.mongo_user or None,
        password=settings.mongo_password.get_secret_value() or None,
    ) as client:
        for name, password in known.items():
            database = settings.database_prefix + name
            roles = [{"role": "readWrite", "db": database}]
            try:
                await client.admin.command("updateUser", name, pwd=password, roles=roles)
            except OperationFailure as refusal:
                if refusal.code != NO_SUCH_USER:
                    raise
                await client.admin.command("createUser", name, pwd=password, roles=roles)
                changed.append(f"{name}: reads and writes the database {database}")
    return changed
