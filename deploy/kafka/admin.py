"""What aiokafka's admin client does not ask of a cluster: settings, passwords, who may what."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

from deploy.trouble import Trouble
from kit.kafka import secured
from kit.settings import Connections

TEXT, COMPACT = String("utf-8"), CompactString("utf-8")
TOPIC, GROUP = 2, 3
READ, WRITE = 3, 4
ANY, LITERAL, ALLOW, SET = 1, 3, 3, 0
SCRAM_SHA_512, ITERATIONS = 2, 8192


class Right(NamedTuple):
    """One thing that one user may do."""

    kind: int
    name: str
    user: str
    operation: int


def _request(
    key: int, version: int, asked: tuple[Any, ...], answer: tuple[Any, ...], *, flexible: bool
) -> type[Request[Any]]:
    def struct(base: type, schema: tuple[Any, ...], **more: Any) -> Any:
        said = {"API_KEY": key, "API_VERSION": version, "SCHEMA": Schema(*schema)}
        return type(f"{base.__name__}{key}", (base,), said | more)

    told = struct(Response, answer)
    form = struct(RequestStruct, asked, RESPONSE_TYPE=told, FLEXIBLE_VERSION=flexible)

    class Asking(Request[form]):  # type: ignore[misc]  # made of data, like its fields
        API_KEY = key

        def __init__(self, *fields: Any) -> None:
            self._fields = fields

        def build(self, request_struct_class: Any) -> Any:
            return request_struct_class(*self._fields)

    return Asking


_PLACE = (("type", Int8), ("name", TEXT), ("pattern", Int8))
_WHO = (("principal", TEXT), ("host", TEXT), ("operation", Int8), ("permission", Int8))
_ERROR = (("error", Int16), ("message", TEXT))
_WAIT = ("throttle_ms", Int32)

_DescribeRights = _request(
    29, 1, (*_PLACE, *_WHO), (_WAIT, *_ERROR, ("places", Array(*_PLACE, ("rights", Array(*_WHO))))),
    flexible=False,
)  # fmt: skip
_CreateRights = _request(
    30, 1, (("made", Array(*_PLACE, *_WHO)),), (_WAIT, ("results", Array(*_ERROR))), flexible=False
)
_DeleteRights = _request(
    31, 1, (("filters", Array(*_PLACE, *_WHO)),),
    (_WAIT, ("results", Array(*_ERROR, ("gone", Array(*_ERROR, *_PLACE, *_WHO))))),
    flexible=False,
)  # fmt: skip
_AlterSettings = _request(
    44, 0,
    (
        ("resources", Array(
            ("type", Int8), ("name", TEXT),
            ("settings", Array(("name", TEXT), ("operation", Int8), ("value", TEXT))),
        )),
        ("only_try", Boolean),
    ),
    (_WAIT, ("results", Array(*_ERROR, ("type", Int8), ("name", TEXT)))),
    flexible=False,
)  # fmt: skip
_AlterSignIns = _request(
    51, 0,
    (
        ("gone", CompactArray(("name", COMPACT), ("mechanism", Int8), ("tags", TaggedFields))),
        ("kept", CompactArray(
            ("name", COMPACT), ("mechanism", Int8), ("iterations", Int32),
            ("salt", CompactBytes), ("salted", CompactBytes), ("tags", TaggedFields),
        )),
        ("tags", TaggedFields),
    ),
    (
        _WAIT,
        ("results", CompactArray(
            ("name", COMPACT), ("error", Int16), ("message", COMPACT), ("tags", TaggedFields)
        )),
        ("tags", TaggedFields),
    ),
    flexible=True,
)  # fmt: skip


class Cluster:
    """A Kafka cluster, asked by somebody who may change it."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def _ask(self, request: Request[Any]) -> Any:
        return await self._client.send(self._client.get_random_node(), request)

    async def keep_passwords(self, passwords: Mapping[str, str]) -> None:
        """Have these users sign in by these passwords; Kafka keeps only what verifies them."""
        kept = list[tuple[Any, ...]]()
        for user, password in passwords.items():
            salt = secrets.token_bytes(32)
            salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
            kept.append((user, SCRAM_SHA_512, ITERATIONS, salt, salted, {}))
        answer = await self._ask(_AlterSignIns([], kept, {}))
        _verify((error, message) for _, error, message, _ in answer.results)

    async def rights(self, users: Collection[str]) -> set[Right]:
        """What these users may do."""
        found = set()
        answer = await self._ask(_DescribeRights(ANY, None, ANY, None, None, ANY, ANY))
        _verify([(answer.error, answer.message)])
        for kind, name, _, rights in answer.places:
            for principal, _, operation, permission in rights:
                user = principal.removeprefix("User:")
                if user in users and permission == ALLOW:
                    found.add(Right(kind, name, user, operation))
        return found

    async def grant(self, rights: Collection[Right]) -> None:
        answer = await self._ask(_CreateRights([_entry(one) for one in rights]))
        _verify(answer.results)

    async def withdraw(self, rights: Collection[Right]) -> None:
        answer = await self._ask(_DeleteRights([_entry(one) for one in rights]))
        _verify((error, message) for error, message, _ in answer.results)

    async def set(self, topic: str, settings: Mapping[str, str]) -> None:
        """Change these settings of a topic, and no other."""
        changes = [(name, SET, value) for name, value in settings.items()]
        answer = await self._ask(_AlterSettings([(TOPIC, topic, changes)], False))
        _verify((error, message) for error, message, _, _ in answer.results)


def _entry(one: Right) -> tuple[Any, ...]:
    return one.kind, one.name, LITERAL, f"User:{one.user}", "*", one.operation, ALLOW


def _verify(results: Any) -> None:
    if refused := [message or f"error {error}" for error, message in results if error]:
        raise Trouble(f"Kafka refuses: {'; '.join(refused)}")


@asynccontextmanager
async def cluster(settings: Connections) -> AsyncIterator[Cluster]:
    client = AIOKafkaClient(bootstrap_servers=settings.kafka, **secured(settings))
    try:
        await client.bootstrap()
        yield Cluster(client)
    finally:
        await client.close()
