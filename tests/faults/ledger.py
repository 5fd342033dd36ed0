"""What the platform has accepted: all of it must be found again, once."""

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["approved", "refused"]


@dataclass(slots=True)
class Request:
    """A rattachement that was asked for, and how it was decided."""

    user_id: str
    structure_id: str
    verdict: Verdict | None = None
    decided_by: str = ""


@dataclass(slots=True)
class Ticket:
    """A ticket as its commands must have left it: each that changes something raises its version."""

    user_id: str
    version: int = 1
    title: str = ""
    state: Literal["draft", "open", "closed"] = "draft"
    told: bool = False


@dataclass(slots=True)
class Ledger:
    requests: dict[str, Request] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    structures: dict[str, str] = field(default_factory=dict)
    """Who created each."""
    commands: int = 0
    reads: int = 0
