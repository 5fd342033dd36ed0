"""What would be sent to whoever collects traces."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kit import traces

UNSAMPLED = f"00-{'a' * 32}-{'b' * 16}-00"
SAMPLED = f"00-{'c' * 32}-{'d' * 16}-01"


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def all(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str, service: str = "") -> list[ReadableSpan]:
        return [one for one in self.all if one.name == name and service in ("", of(one))]

    async def one(self, name: str, service: str = "") -> ReadableSpan:
        """The one span of this name; it may end a moment later."""
        async with asyncio.timeout(10):
            while not (found := self.named(name, service)):  # noqa: ASYNC110  # spans ring no bell
                await asyncio.sleep(0.02)
        assert len(found) == 1, self.tree()
        return found[0]

    async def led_to(self, span: ReadableSpan) -> list[tuple[str, str]]:
        """As ``above``, once what did it is over too: a moment later."""
        async with asyncio.timeout(10):
            while not (chain := self.above(span)):  # noqa: ASYNC110  # as in one
                await asyncio.sleep(0.02)
        return chain

    def above(self, span: ReadableSpan) -> list[tuple[str, str]]:
        """The spans that led to it, the nearest first: each its service and its name."""
        by_id = {one.context.span_id: one for one in self.all}
        chain = []
        while span.parent and span.parent.span_id in by_id:
            span = by_id[span.parent.span_id]
            chain.append((of(span), span.name))
        return chain

    def tree(self) -> list[tuple[str, str]]:
        return [(of(one), one.name) for one in self.all]


def of(span: ReadableSpan) -> str:
    return str(span.resource.attributes["service.name"])


@contextmanager
def collected(ratio: float = 1) -> Iterator[Spans]:
    spans = Spans()
    traces.send_to(SimpleSpanProcessor(spans.exporter), ratio)
    try:
        yield spans
    finally:
        traces.send_to(None)
