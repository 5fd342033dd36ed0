"""What other systems told of the objects that tickets are about: whom each was sent to. Pure."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

from kit.change import Change, Entity
from kit.problems import Conflict

ObjectType = Literal["invoice", "refund_request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownObject(Entity):
    """An invoice or a refund request, which its sender's people may write a ticket about."""

    recipient_id: str
    told_by: str
    told_at: datetime
    said_at: datetime | None = None
    """When its fact says that it happened; where it does not, nothing is later than it was told."""


class FactContradicted(Conflict):
    """This object was told of before, with another recipient."""


def object_id(sender_id: str, type: ObjectType, number: str) -> str:
    """Two senders may number alike: each has its own."""
    return sha256(json.dumps([sender_id, type, number]).encode()).hexdigest()[:32]


def tell(known: KnownObject, current: KnownObject | None) -> Change[KnownObject]:
    """
    Keep whom it was sent to, as the latest fact of the system that told of it first has it.

    One that says when it happened corrects what is older, and is passed over where it is older.
    """
    if current is None:
        return Change(known)
    same_system = current.told_by == known.told_by
    before = current.said_at or current.told_at
    if same_system and known.said_at and known.said_at != before:
        later = known.said_at > before
        return Change(replace(known, version=current.version) if later else current)
    if current.recipient_id != known.recipient_id:
        raise FactContradicted(field="body/data/recipient")
    return Change(current)
