"""An event as Kafka carries it. Nothing in it is trusted yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kit.context import traceparent

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

HEARTBEAT = "kit.heartbeat.v1"


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    value: bytes

    @classmethod
    def of(cls, raw: ConsumerRecord[bytes, bytes]) -> Record:
        return cls(
            raw.topic,
            raw.partition,
            raw.offset,
            (raw.key or b"").decode(errors="backslashreplace"),
            {name: (value or b"").decode(errors="backslashreplace") for name, value in raw.headers},
            raw.value or b"",
        )

    @property
    def id(self) -> str:
        """The event's own id, so that it is the same one however often it is published."""
        return self.headers.get("ce_id") or f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def type(self) -> str:
        return self.headers.get("ce_type", "")

    @property
    def slice(self) -> str:
        """The stretch of the topic whose positions follow one another without a gap."""
        return f"{self.topic}/{self.partition}"

    @property
    def position(self) -> int | None:
        """Its place in the slice, from 1; None when it did not come from a journal."""
        text = self.headers.get("ce_position", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    @property
    def trace(self) -> str:
        """The span that led to it, if somebody follows that."""
        given = self.headers.get("traceparent")
        return traceparent(given) if given else ""

    @property
    def lane(self) -> str:
        """Events of one lane are heard in order; lanes know nothing of one another."""
        return f"{self.topic}/{self.key}"
