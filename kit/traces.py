"""
One request followed through Kafka to the letter it leads to (OpenTelemetry).

The one file that knows the library. A span is named by its ``traceparent``, a string that requests,
journal rows and entities carry; while traces are off no span is made, and the string goes on as it
came. Spans hold no ids of entities, paths, queries or bodies: these may be about a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from kit.context import trace
from kit.problems import Problem

__all__ = ["Span"]

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

Attributes = Mapping[str, str | int | float | bool]
Kind = Literal["internal", "server", "client", "producer", "consumer"]

_NOTHING = nullcontext(None)
_W3C = TraceContextTextMapPropagator()
FLUSH = 5_000  # milliseconds that the end of a process waits for the last spans to be sent


class _Sending:
    """Where spans go, and which part of the traces is kept."""

    def __init__(self, processor: "SpanProcessor", ratio: float) -> None:
        self.processor, self._ratio = processor, ratio
        self._tracers: dict[str, Tracer] = {}

    def tracer(self, service: str) -> Tracer:
        """Several services may share a process: each has its own name in what is sent."""
        if service not in self._tracers:
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # not while off
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415

            named = Resource.create({"service.namespace": "chorale", "service.name": service})
            sampler = ParentBasedTraceIdRatio(self._ratio)
            provider = TracerProvider(resource=named, sampler=sampler)
            provider.add_span_processor(self.processor)
            self._tracers[service] = provider.get_tracer("chorale.kit")
        return self._tracers[service]


_sending: _Sending | None = None


def configure(endpoint: str, ratio: float) -> None:
    """Send spans to an OTLP/HTTP endpoint; to none when it is empty."""
    if not endpoint or _sending:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  # not while off
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    send_to(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)), ratio)


def send_to(processor: "SpanProcessor | None", ratio: float = 1) -> None:
    """Give spans to ``processor`` from now on; None: make no more."""
    global _sending  # noqa: PLW0603  # as logs and metrics, traces belong to the process
    _sending = _Sending(processor, ratio) if processor else None


def flush() -> None:
    """Send what waits to be sent. It blocks."""
    if _sending:
        _sending.processor.force_flush(FLUSH)


def on() -> bool:
    return _sending is not None


def sampled(traceparent: str) -> bool:
    """Whether spans of this trace are kept."""
    return traceparent[-1:] in {*"13579bdf"}


def begin(
    service: str,
    name: str,
    kind: Kind,
    parent: str,
    attributes: Attributes | None = None,
    *,
    root: bool = False,
    links: Iterable[str] = (),
    began: int | None = None,
) -> Span | None:
    """
    A span, for whoever ends it; None when nobody follows this.

    Without a parent a trace begins only where ``root`` says so: at a request, or when it is time.
    """
    if _sending is None or not (sampled(parent) if parent else root):
        return None
    return _sending.tracer(service).start_span(
        name,
        context=_W3C.extract({"traceparent": parent}) if parent else Context(),
        kind=SpanKind[kind.upper()],
        attributes=attributes,
        links=[Link(_context(one)) for one in links if sampled(one)],
        start_time=began,
    )


def named(span: Span) -> str:
    """The ``traceparent`` of a span."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span))
    return carrier["traceparent"]


def span(
    service: str,
    name: str,
    kind: Kind = "internal",
    attributes: Attributes | None = None,
    *,
    parent: str | None = None,
    root: bool = False,
    links: Iterable[str] = (),
) -> AbstractContextManager[Span | None]:
    """A span around what is done inside, under ``parent`` or the span we are in."""
    if _sending is None and not parent:
        return _NOTHING
    above = trace.get() if parent is None else parent
    return _within(begin(service, name, kind, above, attributes, root=root, links=links), above)


@contextmanager
def _within(begun: Span | None, above: str) -> Iterator[Span | None]:
    before = trace.set(named(begun) if begun else above)
    try:
        yield begun
    except BaseException as error:
        if begun:
            # The name alone: what an error says may be about a person.
            begun.set_attribute("error.type", type(error).__name__)
            if not isinstance(error, Problem):
                begun.set_status(StatusCode.ERROR)
        raise
    finally:
        if begun:
            begun.end()
        trace.reset(before)


def link(span: Span, others: Iterable[str]) -> None:
    """Note that a span has to do with spans of other traces."""
    own = span.get_span_context().trace_id
    for one in {*others}:
        if sampled(one) and (context := _context(one)).trace_id != own:
            span.add_link(context)


def answered(span: Span, method: str, route: str, status: int) -> None:
    """Say of a request what it was and what came of it."""
    span.update_name(f"{method} {route}" if route else method)
    if route:
        span.set_attribute("http.route", route)
    if status:
        span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)


def _context(traceparent: str) -> SpanContext:
    return get_current_span(_W3C.extract({"traceparent": traceparent})).get_span_context()
