"""The services behind the door, asked over connections that are kept."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import NamedTuple

import aiohttp
import structlog
from yarl import URL

from kit import traces
from kit.context import trace
from kit.problems import Unavailable

log = structlog.get_logger(__name__)

IDLE_CONNECTION = 3
"""Seconds; less than the services keep one, so that none is closed while a request enters it."""

SMALL = 1_000_000
"""Bytes of an answer that is read whole."""

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
    rest: AsyncGenerator[bytes, None] | None = None
    """Its pieces as they come, where it is large or a service does not say how large it will be."""


class Upstreams:
    """Asks services: whole body in, whole body out, but for what is large, piece by piece."""

    def __init__(self, addresses: Mapping[str, str], *, patience: float, connections: int) -> None:
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
            async with asyncio.timeout(self._patience):
                answer = await self._opened().request(
                    method,
                    URL(self._addresses[service] + target, encoded=True),
                    data=body or None,
                    headers=_SAID | headers | here,
                    skip_auto_headers=_NO_TYPE if body and "Content-Type" not in headers else None,
                    allow_redirects=False,
                )
                kept = [(n, v) for n, v in answer.raw_headers if n.lower() in KEPT]
                if span:
                    traces.answered(span, method, "", answer.status)
                if method != "HEAD" and _large(answer):
                    if answer.content_length is not None:
                        kept.append((b"content-length", str(answer.content_length).encode()))
                    return Answer(answer.status, kept, b"", _pieces(answer))
                async with answer:
                    return Answer(answer.status, kept, await answer.read())

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
                # Between two pieces; how long all of it may take is said where it is awaited.
                timeout=aiohttp.ClientTimeout(total=None, sock_read=self._patience),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _large(answer: aiohttp.ClientResponse) -> bool:
    if answer.content_length is not None:
        return answer.content_length > SMALL
    return "chunked" in answer.headers.get("Transfer-Encoding", "")


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async with answer:
        async for piece in answer.content.iter_any():
            yield piece
