"""The services behind the door, asked over connections that are kept."""

from collections.abc import Mapping
from typing import NamedTuple

import aiohttp
import structlog
from yarl import URL

from kit import traces
from kit.context import trace
from kit.problems import Unavailable
from services.gateway.room import Room

log = structlog.get_logger(__name__)

IDLE_CONNECTION = 3
"""Seconds; less than the services keep one, so that none is closed while a request enters it."""

SMALL = 1_000_000
"""Bytes of an answer that is nothing but an answer."""

KEPT = frozenset(
    {
        b"content-type",
        b"etag",
        b"location",
        b"retry-after",
        b"consistency-token",
        b"idempotency-replayed",
        b"link",
        b"content-disposition",
        b"content-security-policy",
        b"www-authenticate",
        b"allow",
    }
)
"""What a client sees of a service's headers."""

# Said here, or the library would say it of itself; telling it not to costs more.
_SAID = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "-"}
_NO_TYPE = ("Content-Type",)


class Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    held: int = 0
    """Bytes of the body that take room until they are given."""


class Upstreams:
    """Asks services, whole body in, whole body out; what is large within the room there is."""

    def __init__(
        self, addresses: Mapping[str, str], *, patience: float, connections: int, room: Room
    ) -> None:
        self.room = room
        self._addresses = {name: url.rstrip("/") for name, url in addresses.items()}
        self._patience, self._connections = patience, connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._addresses)

    async def ask(
        self,
        service: str,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes = b"",
    ) -> Answer:
        """Raise Unavailable when the service gives no answer; a read is asked twice."""
        try:
            try:
                return await self._once(service, method, target, headers, body)
            except aiohttp.ClientConnectionError as error:
                if method not in ("GET", "HEAD") or isinstance(error, TimeoutError):
                    raise
                return await self._once(service, method, target, headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("Unable to reach a service", upstream=service, error=type(error).__name__)
            raise Unavailable from error

    async def _once(
        self, service: str, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        said = {"http.request.method": method, "server.address": service}
        with traces.span("gateway", method, "client", said) as span:
            here = {"traceparent": trace.get()} if trace.get() else {}
            async with self._opened().request(
                method,
                URL(self._addresses[service] + target, encoded=True),
                data=body or None,
                headers=_SAID | headers | here,
                skip_auto_headers=_NO_TYPE if body and "Content-Type" not in headers else None,
                allow_redirects=False,
            ) as answer:
                kept = [(n, v) for n, v in answer.raw_headers if n.lower() in KEPT]
                if span:
                    traces.answered(span, method, "", answer.status)
                return Answer(answer.status, kept, *await self._body(answer))

    async def _body(self, answer: aiohttp.ClientResponse) -> tuple[bytes, int]:
        if answer.content_length is not None and answer.content_length <= SMALL:
            return await answer.read(), 0
        pieces, held = [], 0
        try:
            async for piece in answer.content.iter_any():
                self.room.take(len(piece))
                held += len(piece)
                pieces.append(piece)
        except BaseException:
            self.room.give_back(held)
            raise
        return b"".join(pieces), held

    def _opened(self) -> aiohttp.ClientSession:
        # Not in the constructor: a session belongs to the loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    # A service that hangs holds its own connections, never those of the others.
                    limit_per_host=self._connections,
                    keepalive_timeout=IDLE_CONNECTION,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._patience),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
