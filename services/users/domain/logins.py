"""The claim of a login e-mail by one account."""

from dataclasses import dataclass
from hashlib import sha256

from email_validator import validate_email

from kit.change import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(Entity):
    """
    An e-mail address that opens one account, and no other.

    One that an account has left stays claimed until ``wake_at``: it may be taken back.
    """

    user_id: str


def normalised(written: str) -> str:
    """
    The one spelling under which an address is known, however it was typed; raises ValueError.

    The domain as it is looked up (IDNA 2008): folded otherwise, it would be somebody else's.
    """
    # Few servers deliver to a name with an accent before the @: no letter would come, ever.
    known = validate_email(written.strip(), check_deliverability=False, allow_smtputf8=False)
    return f"{known.local_part}@{known.ascii_domain}".lower()


def login_id(email: str) -> str:
    """Of an address in its one spelling."""
    return sha256(email.encode()).hexdigest()
