"""What other systems told of the objects that tickets are about: whom each was sent to. Pure."""

import json
from dataclasses import dataclass
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


class FactContradicted(Conflict):
    """This object was told of before, with another recipient."""


def object_id(sender_id: str, type: ObjectType, number: str) -> str:
    """Two senders may number alike: each has its own."""
    return sha256(json.dumps([sender_id, type, number]).encode()).hexdigest()[:32]


def tell(known: KnownObject, current: KnownObject | None) -> Change[KnownObject]:
    """Keep whom it was sent to, which never changes."""
    if current and current.recipient_id != known.recipient_id:
        raise FactContradicted(field="body/data/recipient")
    return Change(current or known)
