"""What somebody has read of the letters written to them. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kit.change import Change
from kit.problems import NotFound
from services.notifications.domain.attempts import NoSuchLetter
from services.notifications.domain.letters import OPENING, Consultation, Letter

UNLISTED: Final = OPENING | {"digest"}
"""The first say nothing without their link, and a digest only what the others say."""


def shown_to(user_id: str, structure_ids: Sequence[str]) -> dict[str, Any]:
    """The letters in somebody's list; of a structure's applications, only while attached to it."""
    of_none = {"application": {"$in": ["", None]}}
    return {
        "recipient_id": user_id,
        "forgotten": False,
        "template": {"$nin": sorted(UNLISTED)},
        "$or": [of_none, {"structure_id": {"$in": ["", *structure_ids]}}],
    }


def mark(current: Letter | None, *, by: str, read: bool, now: datetime) -> Change[Letter]:
    if (
        current is None
        or current.recipient_id != by
        or current.forgotten
        or current.template in UNLISTED
    ):
        raise NotFound
    if read == (current.read_at is not None):
        return Change(current)
    return Change(replace(current, read_at=now if read else None))


def consult(current: Letter | None, *, by: str, now: datetime) -> Change[Letter]:
    """Keep that an operator reads the words of a letter; once for each of them (ADR 0040)."""
    if current is None:
        raise NoSuchLetter
    if current.forgotten or any(one.by == by for one in current.consulted):
        return Change(current)
    read = Consultation(by=by, at=now)
    return Change(replace(current, consulted=(*current.consulted, read)))
