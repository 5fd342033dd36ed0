"""The claim of a login e-mail by one account."""

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


def login_id(email: str) -> str:
    """Of an address in its one spelling."""
    return sha256(email.encode()).hexdigest()
