"""What leaves the gateway, always with the same precautions."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import aiohttp
import structlog
from starlette.types import Message, Receive, Send

from kit import metrics
from kit.problems import Problem, Unauthorized
from services.gateway.proxy import Answer

log = structlog.get_logger(__name__)

PRECAUTIONS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def refusal(problem: Problem, path: str) -> Answer:
    metrics.refused("gateway", problem)
    headers = [(b"content-type", b"application/problem+json")]
    if problem.retry_after is not None:
        headers.append((b"retry-after", str(problem.retry_after).encode()))
    if isinstance(problem, Unauthorized):
        headers.append((b"www-authenticate", b"Bearer"))
    body = problem.as_json() | {"instance": path}
    return Answer(problem.status.value, headers, json.dumps(body).encode())


async def give(answer: Answer, correlation: str, send: Send, *, bodiless: bool) -> None:
    headers = [*cautious(answer.headers), (b"x-correlation-id", correlation.encode())]
    if not bodiless and answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bodiless else answer.body})


async def pass_on(
    answer: Answer,
    pieces: AsyncGenerator[bytes, None],
    correlation: str,
    receive: Receive,
    send: Send,
    *,
    longest: float,
) -> None:
    """
    Piece by piece, as fast as the client takes them.

    What the service does not end stays without its end, so that nobody takes it for the whole.
    """
    headers = [*cautious(answer.headers), (b"x-correlation-id", correlation.encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    left = asyncio.create_task(_left(receive))
    try:
        async with asyncio.timeout(longest), aclosing(pieces):
            async for piece in pieces:
                if left.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("A service did not end its answer", error=type(error).__name__)
    finally:
        left.cancel()


async def _left(receive: Receive) -> None:
    """Ends when the client has gone; a server does not say so to whoever sends."""
    while (await receive())["type"] != "http.disconnect":
        pass


def cautious(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The gateway's own page may say more precisely what it allows."""
    own = [*headers]
    said = {name for name, _ in own}
    return own + [one for one in PRECAUTIONS if one[0] not in said]


def cautiously(send: Send) -> Send:
    """For what the gateway's own app answers."""

    async def careful(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": cautious(message.get("headers", ()))}
        await send(message)

    return careful
