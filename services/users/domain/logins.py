"""The claim of a login e-mail by one account."""

import unicodedata
from dataclasses import dataclass
from hashlib import sha256

from kit.change import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(Entity):
    """
    An e-mail address that opens one account, and no other.

    One that an account has left stays claimed until ``wake_at``: it may be taken back.
    """

    user_id: str


def normalised(email: str) -> str:
    """The one spelling under which an address is known, however it was typed."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def login_id(email: str) -> str:
    return sha256(normalised(email).encode()).hexdigest()
