"""What surrounds every request: who calls, which journey, once only, read your own writes."""

import base64
import hashlib
import json
import re
import time
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import metrics, traces
from kit.context import Asking, Once, asking, correlation, trace, traceparent
from kit.draft import IdempotencyKeyReused
from kit.heard import Heard
from kit.ids import new_id
from kit.internal import Caller, verify
from kit.mongo import Mongo, unavailable
from kit.problems import Invalid, Problem, Unavailable

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
OPEN = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json"})
JOURNEY = re.compile(r"[A-Za-z0-9._-]{8,64}")
KEY = re.compile(r"[\x21-\x7e]{1,255}")
POSITIONS = re.compile(r"(([a-z]{2,20}\.events)/\d{1,3})=(\d{1,18})")
REPLAYED = ("content-type", "etag", "location", "consistency-token")


class NotFromTheGateway(Problem):
    """This request did not come through the gateway."""

    status = HTTPStatus.UNAUTHORIZED


class BodyTooLarge(Problem):
    """The body of this request is too large."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class NotUtf8(Problem):
    """The body of this request is not UTF-8."""

    status = HTTPStatus.BAD_REQUEST


class ServerError(Problem):
    """Something went wrong on our side: tell the support desk the correlation id."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


Uploads = re.Pattern[str]


def uploads(*paths: str) -> Uploads:
    """The paths to which files are posted, as routes have them: ``/v1/things/{id}/files``."""
    return re.compile("|".join(re.sub(r"\{\w+\}", "[^/]+", path) for path in paths) or r"(?!)")


class Frame:
    """A pure ASGI middleware: nothing here costs a task or a thread."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        mongo: Mongo,
        heard: Heard,
        hears: frozenset[str],
        internal_key: str,
        body_limit: int,
        file_limit: int,
        uploads: Uploads,
        credentials: tuple[str, ...] = (),
    ) -> None:
        self.app, self._service, self._once = app, service, mongo["once"]
        self._heard, self._hears = heard, hears
        self._key, self._credentials = internal_key, credentials
        self._limit, self._file_limit, self._uploads = body_limit, file_limit, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers, path = Headers(scope=scope), scope["path"]
        correlation.set(journey_of(headers.get("x-correlation-id", "")))
        answer = Answer(send, self._service, scope["method"], counted=path not in OPEN)
        if path in OPEN:
            return await self._answered(scope, headers, receive, answer)
        parent = traceparent(headers.get("traceparent", "")) or trace.get()
        said = {"http.request.method": answer.method, "chorale.correlation_id": correlation.get()}
        with traces.span(
            self._service, answer.method, "server", said, parent=parent, root=True
        ) as span:
            await self._answered(scope, headers, receive, answer)
            if span:
                traces.answered(span, answer.method, _route(scope), answer.status)

    async def _answered(
        self, scope: Scope, headers: Headers, receive: Receive, answer: "Answer"
    ) -> None:
        path = scope["path"]
        try:
            if path in OPEN:
                await self.app(scope, receive, answer.send)
            else:
                await self._called(scope, headers, receive, answer)
        except Problem as problem:
            await answer.problem(problem, path)
        except Exception as error:
            # Never the path itself: what it names may open something.
            where = {"method": scope["method"], "route": _route(scope)}
            if away := unavailable(error):
                log.warning("MongoDB is away", **where)
            else:
                log.exception("unable to answer", **where)
            if not answer.started:
                wrong = Unavailable() if away else ServerError(correlation_id=correlation.get())
                await answer.problem(wrong, path)

    async def _called(
        self, scope: Scope, headers: Headers, receive: Receive, answer: "Answer"
    ) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        caller = verify(token, self._key) if scheme == "Bearer" else None
        if caller is None:
            raise NotFromTheGateway
        caller = replace(caller, address=headers.get("x-client-address", ""))
        scope.setdefault("state", {})["caller"] = caller
        if told := headers.get("consistency-positions"):
            await self._heard.wait_for(_positions(told, self._hears))
        request = Asking(by=caller.id)
        asking.set(request)
        answer.asking = request
        if scope["method"] in ("GET", "HEAD"):
            return await self.app(scope, receive, answer.send)
        brought = scope["method"] == "POST" and self._uploads.fullmatch(scope["path"])
        body = await self._body(receive, headers, self._file_limit if brought else self._limit)
        if not brought and not _readable(body, headers):
            raise NotUtf8
        if scope["method"] == "POST" and not scope["path"].startswith(self._credentials or ("\0",)):
            request.once = _once(caller, scope, headers, body)
        if request.once and await self._replay(request.once, answer):
            return
        answer.keep = request.once is not None
        await self.app(scope, _again(body, receive), answer.send)
        if request.once and request.changed and answer.kept and answer.status < 300:
            await self._once.update_one({"_id": request.once.id}, {"$set": answer.as_kept()})

    async def _body(self, receive: Receive, headers: Headers, limit: int) -> bytes:
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            raise BodyTooLarge(limit=limit)
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Invalid("The request ended before its body.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise BodyTooLarge(limit=limit)
            if not message.get("more_body"):
                return b"".join(parts)

    async def _replay(self, once: Once, answer: "Answer") -> bool:
        """Answer as the first time, if there was one and its answer was kept."""
        row = await self._once.find_one({"_id": once.id})
        if row is None:
            return False
        if row["body"] != once.body:
            raise IdempotencyKeyReused(field="header/idempotency-key")
        if "status" not in row:
            return False
        headers = [(n.encode(), v.encode()) for n, v in row["headers"]]
        headers.append((b"idempotency-replayed", b"true"))
        metrics.replays.labels(self._service).inc()
        await answer.whole(row["status"], headers, bytes(row["content"]))
        return True


class Answer:
    """What goes back, with the headers that every answer has."""

    def __init__(self, send: Send, service: str, method: str, *, counted: bool) -> None:
        self._send, self._service, self._counted = send, service, counted
        self.method = method if method in metrics.METHODS else "_OTHER"
        self._began = time.perf_counter()
        self.asking: Asking | None = None
        self.keep = self.started = False
        self.status = 0
        self.kept: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            self._headers = [*message.get("headers", ())]
            if self.asking and self.asking.rows:
                token = consistency_token(self._service, [*self.asking.rows.values()])
                self._headers.append((b"consistency-token", token.encode()))
            journey = (b"x-correlation-id", correlation.get().encode())
            message = {**message, "headers": [*self._headers, journey]}
            if self._counted:  # Probes are neither load nor trouble.
                spent = time.perf_counter() - self._began
                metrics.answered(self._service, self.method, self.status, spent)
        elif self.keep and message["type"] == "http.response.body":
            self.kept.append(message.get("body", b""))
        await self._send(message)

    async def whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def problem(self, problem: Problem, path: str) -> None:
        metrics.refused(self._service, problem)
        headers = [(b"content-type", PROBLEM_JSON.encode())]
        if problem.retry_after is not None:
            headers.append((b"retry-after", str(problem.retry_after).encode()))
        body = json.dumps(problem.as_json() | {"instance": path}).encode()
        await self.whole(problem.status.value, headers, body)

    def as_kept(self) -> dict[str, Any]:
        shown = [(n.decode(), v.decode("latin-1")) for n, v in self._headers]
        headers = [(n, v) for n, v in shown if n.lower() in REPLAYED]
        return {"status": self.status, "headers": headers, "content": b"".join(self.kept)}


def journey_of(given: str) -> str:
    """The correlation id that a caller gave, if it is one; else a new one."""
    return given if JOURNEY.fullmatch(given) else new_id()


def consistency_token(service: str, rows: list[str]) -> str:
    """Names the facts a write led to; a read that brings it back waits until they are heard."""
    text = json.dumps({"s": service, "r": rows}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _route(scope: Scope) -> str:
    """As it is declared; empty before one was found."""
    return str(getattr(scope.get("route"), "path", ""))


def _readable(body: bytes, headers: Headers) -> bool:
    """JSON is UTF-8; the parser of Python would let a few other things pass."""
    if "json" not in headers.get("content-type", "json"):
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _positions(text: str, hears: frozenset[str]) -> dict[str, int]:
    """What to wait for: what others told without us will never be heard here."""
    found = [POSITIONS.fullmatch(one) for one in text.split(",")[:100]]
    return {one[1]: int(one[3]) for one in found if one and one[2] in hears}


def _once(caller: Caller, scope: Scope, headers: Headers, body: bytes) -> Once | None:
    key = headers.get("idempotency-key")
    if key is None or not caller.id:
        return None
    if not KEY.fullmatch(key):
        raise Invalid("1 to 255 visible ASCII characters.", field="header/idempotency-key")
    id = hashlib.sha256(f"{caller.id}\0{scope['path']}\0{key}".encode()).hexdigest()
    asked = scope.get("query_string", b"") + b"\0" + body
    return Once(id, hashlib.sha256(asked).hexdigest())


def _again(body: bytes, rest: Receive) -> Receive:
    """The body that was read already, then silence until the client goes."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return await rest()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
