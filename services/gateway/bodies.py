"""The bodies of requests: read whole, within their size, their time and the room there is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.types import Message, Receive

from kit.frame import BodyTooLarge
from kit.problems import Problem
from services.gateway.room import Room
from services.gateway.settings import GatewaySettings

Headers = dict[bytes, bytes]


class TooSlow(Problem):
    """The body of this request did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class Gone(Exception):
    """The client did not wait for the answer."""


class Files:
    """Bodies that are files: larger than others, longer on their way, within the room there is."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._limit, self._patience = settings.file_limit, settings.file_patience
        self._room = Room(settings.file_room)

    @asynccontextmanager
    async def read(self, headers: Headers, receive: Receive) -> AsyncIterator[bytes]:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            size = len(message.get("body", b""))
            self._room.take(size)
            taken += size
            return message

        try:
            yield await read(headers, counted, limit=self._limit, patience=self._patience)
        finally:
            self._room.give_back(taken)


async def read(headers: Headers, receive: Receive, *, limit: int, patience: float) -> bytes:
    length = headers.get(b"content-length")
    if length is None and b"transfer-encoding" not in headers:
        return b""
    if length and length.isdigit() and int(length) > limit:
        raise BodyTooLarge(limit=limit)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(patience):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limit:
                    raise BodyTooLarge(limit=limit)
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise TooSlow from None
