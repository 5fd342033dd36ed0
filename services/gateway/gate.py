"""What every request goes through. Plain ASGI: this is the one path all traffic takes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http import HTTPStatus
from json import loads
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from kit import metrics, traces
from kit.context import correlation, traceparent
from kit.frame import ServerError, journey_of
from kit.http import MethodNotAllowed, NoSuchPath
from kit.problems import Problem, Unavailable
from services.gateway import bodies, consistency, paths
from services.gateway.addresses import Addresses, within
from services.gateway.admission import Admission
from services.gateway.answers import cautiously, give, pass_on, refusal
from services.gateway.bodies import Gone, Headers
from services.gateway.proxy import Answer, Upstreams
from services.gateway.routes import SERVICES, UPLOADS, route_for
from services.gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)

PROBES = frozenset({"/livez", "/readyz"})
POSITIONS_REMEMBERED = 10_000

KEPT = {
    name.lower().encode(): name
    for name in (
        "Content-Type",
        "Accept",
        "Accept-Language",
        "If-Match",
        "Idempotency-Key",
        "User-Agent",
    )
}
"""What a service sees of a client's headers: nothing a client could say who it is with."""


class Gate:
    """Answers everything under /v1 by asking a service; the gateway's own app answers the rest."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: GatewaySettings,
        admission: Admission,
        upstreams: Upstreams,
        pages: Mapping[str, Callable[[], Answer]],
    ) -> None:
        self._app, self._admission, self._upstreams = app, admission, upstreams
        self._pages = pages
        self._addresses = Addresses(settings.trusted_proxies)
        self._metrics_readers = tuple(settings.metrics_readers)
        self._body_limit, self._patience = settings.body_limit, settings.upstream_patience
        self._download_patience = settings.download_patience
        self._files = bodies.Files(settings)
        self._positions: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        journey = journey_of(headers.get(b"x-correlation-id", b"").decode("latin-1"))
        correlation.set(journey)
        if not scope["path"].startswith("/v1/"):
            await self._answer(scope, headers, journey, receive, send)
            return
        method = scope["method"] if scope["method"] in metrics.METHODS else "_OTHER"
        said = {"http.request.method": method, "chorale.correlation_id": journey}
        # Whoever asks from outside chooses neither our trace nor whether it is kept.
        outside = [traceparent(headers.get(b"traceparent", b"").decode("latin-1"))]
        with traces.span("gateway", method, "server", said, root=True, links=outside) as span:
            status = await self._answer(scope, headers, journey, receive, send)
            if span:
                traces.answered(span, method, _route(scope["path"]), status)

    async def _answer(
        self, scope: Scope, headers: Headers, journey: str, receive: Receive, send: Send
    ) -> int:
        """Gives the status answered; 0 when the own app answered, or nobody waited."""
        began = time.perf_counter()
        try:
            answer = await self._answered(scope, headers, journey, receive, send)
        except Problem as problem:
            answer = refusal(problem, scope["path"][: paths.PATH_LIMIT])
        except Gone:
            return 0
        except Exception:
            log.exception("Unable to answer a request")
            answer = refusal(ServerError(correlation_id=journey), scope["path"][: paths.PATH_LIMIT])
        if answer is None:
            return 0
        if answer.rest:
            longest = self._download_patience
            await pass_on(answer, answer.rest, journey, receive, send, longest=longest)
        else:
            await give(answer, journey, send, bodiless=scope["method"] == "HEAD")
        metrics.answered("gateway", scope["method"], answer.status, time.perf_counter() - began)
        return answer.status

    async def _answered(
        self, scope: Scope, headers: Headers, journey: str, receive: Receive, send: Send
    ) -> Answer | None:
        """The answer to give; None once the gateway's own app has given it."""
        method, address = scope["method"], self._addresses.of(_peer(scope), headers)
        path = paths.checked(scope.get("raw_path") or quote(scope["path"]).encode())
        if method not in metrics.METHODS:
            raise MethodNotAllowed
        if (page := self._pages.get(path)) and method in ("GET", "HEAD"):
            return page()
        if not path.startswith("/v1/"):
            await self._probe(path, address, scope, receive, send)
            return None
        route = route_for(path)
        query = paths.checked_query(scope["query_string"])
        word = await self._admission.word_for(method, path, route, address, headers)
        said = {kept: _printable(headers[name]) for name, kept in KEPT.items() if name in headers}
        said["Authorization"] = f"Bearer {word}"
        said["X-Correlation-Id"] = journey
        said["X-Client-Address"] = address
        if path == "/v1/tokens" and b"authorization" in headers:
            # Here a client may prove who it is with HTTP Basic (RFC 6749, section 2.3.1).
            said["X-Client-Authorization"] = _printable(headers[b"authorization"])
        if token := headers.get(b"consistency-token"):
            awaited = await self._awaited(token.decode("latin-1"), route.service, said)
            if awaited:
                said["Consistency-Positions"] = awaited
        if route.service == "gateway":
            await self._own_route(said, scope, receive, send)
            return None
        target = f"{path}?{query}" if query else path
        if method == "POST" and UPLOADS.fullmatch(path):
            async with self._files.read(headers, receive) as file:
                return await self._upstreams.ask(route.service, method, target, said, file)
        body = await bodies.read(headers, receive, limit=self._body_limit, patience=self._patience)
        return await self._upstreams.ask(route.service, method, target, said, body)

    async def _probe(
        self, path: str, address: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        metrics_read = path == "/metrics" and within(address, self._metrics_readers)
        if path not in PROBES and not metrics_read:
            raise NoSuchPath
        await self._app({**scope, "headers": []}, receive, cautiously(send))

    async def _own_route(
        self, said: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        await self._app({**scope, "headers": headers}, receive, cautiously(send))

    async def _awaited(self, token: str, answering: str, said: dict[str, str]) -> str:
        """The positions that the answering service must have heard; none for its own facts."""
        written = consistency.read(token, SERVICES)
        if written.service in (answering, "gateway") or not written.rows:
            return ""
        if (known := self._positions.get(token)) is not None:
            return known
        target = f"/internal/positions?rows={quote(','.join(written.rows), safe=',')}"
        answer = await self._upstreams.ask(written.service, "GET", target, said)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise consistency.unknown()
        if answer.status != HTTPStatus.OK:
            raise Unavailable
        positions: dict[str, int] = loads(answer.body)["positions"]
        known = ",".join(f"{slice}={position}" for slice, position in positions.items())
        self._positions[token] = known
        if len(self._positions) > POSITIONS_REMEMBERED:
            self._positions.popitem(last=False)
        return known


def _route(path: str) -> str:
    """What of a path may be shown: the rest of it may be about a person."""
    try:
        return route_for(path).prefix
    except NoSuchPath:
        return ""


def _printable(value: bytes) -> str:
    return value.decode("ascii", "backslashreplace")


def _peer(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
