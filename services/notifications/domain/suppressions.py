"""Addresses that a mail server has refused for good: no letters, until an operator says so."""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.notifications import AddressRestored, AddressSuppressed
from kit.change import Change, Entity
from kit.problems import NotFound
from services.notifications.domain.letters import Letter

ENHANCED: Final = re.compile(r"\s*(5\.\d{1,3}\.\d{1,3})\b")
OF_THE_ADDRESS: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463 and 7505: no such mailbox, no such domain, moved away, takes no mail, switched off."""
PLAIN: Final = frozenset({"550", "551", "553"})
"""The same of a server that says no more than RFC 5321."""


class NoSuchAddress(NotFound):
    """This address is not suppressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedAddress(Entity):
    """One address, kept as its keyed hash alone; its id tells nobody what it is."""

    user_id: str | None
    """Whose letter was refused; None of an address without an account."""
    letter_id: str
    code: str
    answer: str
    """What the server said, without addresses."""
    since: datetime
    restored_at: datetime | None = None
    restored_by: str = ""


def address_id(key: str, address: str) -> str:
    mac = hmac.digest(key.encode(), f"address:{address.strip().lower()}".encode(), "sha256")
    return mac.hex()[:32]


def code_of(status: int, answer: str) -> str:
    """``550 5.1.1``, or the status alone."""
    found = ENHANCED.match(answer)
    return f"{status} {found[1]}" if found else str(status)


def says_no_such_address(code: str) -> bool:
    """Whether a refused recipient will be refused again: a full mailbox or a policy may change."""
    status, _, enhanced = code.partition(" ")
    return enhanced in OF_THE_ADDRESS if enhanced else status in PLAIN


def suppress(
    current: SuppressedAddress | None,
    letter: Letter,
    *,
    id: str,
    code: str,
    answer: str,
    now: datetime,
) -> Change[SuppressedAddress]:
    if current and current.restored_at is None:
        return Change(current)
    user_id = None if letter.to else letter.recipient_id
    new = SuppressedAddress(
        id=id,
        version=current.version if current else 0,
        user_id=user_id,
        letter_id=letter.id,
        code=code,
        answer=answer,
        since=now,
    )
    told = AddressSuppressed(
        address_id=id, user_id=user_id, letter_id=letter.id, code=code, suppressed_at=now
    )
    return Change(new, (told,))


def restore(
    current: SuppressedAddress | None, *, by: str, now: datetime
) -> Change[SuppressedAddress]:
    if current is None:
        raise NoSuchAddress
    if current.restored_at:
        return Change(current)
    told = AddressRestored(
        address_id=current.id, user_id=current.user_id, restored_by=by, restored_at=now
    )
    return Change(replace(current, restored_at=now, restored_by=by), (told,))


def forget(_: SuppressedAddress) -> Change[SuppressedAddress]:
    """Its user is erased: nobody is written to any more whose address it could be."""
    return Change(None)
