"""What somebody has read of the letters written to them. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from kit.change import Change
from kit.problems import NotFound
from services.notifications.domain.letters import Letter


def shown_to(user_id: str) -> dict[str, Any]:
    """
    Those in somebody's list.

    Not those that carry a link or a code, which say nothing else, nor digests, which tell of the
    others.
    """
    return {
        "recipient_id": user_id,
        "link": None,
        "forgotten": False,
        "template": {"$ne": "digest"},
    }


def mark(current: Letter | None, *, by: str, read: bool, now: datetime) -> Change[Letter]:
    if current is None or current.recipient_id != by or not _shown(current):
        raise NotFound
    if read == (current.read_at is not None):
        return Change(current)
    return Change(replace(current, read_at=now if read else None))


def _shown(letter: Letter) -> bool:
    return letter.link is None and not letter.forgotten and letter.template != "digest"
