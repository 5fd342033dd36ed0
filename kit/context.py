"""What travels with a request or an event, beside its own words."""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""The journey we are in, from the request that began it to the last fact it leads to."""

trace: ContextVar[str] = ContextVar("trace", default="")
"""The span we are in, as a W3C ``traceparent``; empty when nobody follows what we do."""

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(given: str) -> str:
    """What somebody says of the span they are in; empty when it is not one."""
    return given if _TRACEPARENT.fullmatch(given) else ""


@dataclass(frozen=True, slots=True)
class Once:
    """The name a caller gave to this very request: it is done once, however often it comes."""

    id: str
    body: str
    """A hash of what was asked."""


@dataclass(slots=True)
class Asking:
    """Whose request is being answered, and what it has led to so far."""

    by: str = ""
    """Who calls, as their decisions name them; empty when nobody is signed in."""
    once: Once | None = None
    changed: bool = False
    rows: dict[int, str] = field(default_factory=dict)
    """The last fact in each slice of what it was about: a consistency token names them."""


asking: ContextVar[Asking | None] = ContextVar("asking", default=None)
