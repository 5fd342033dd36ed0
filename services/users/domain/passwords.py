"""Which passwords are accepted."""

import unicodedata

from kit.problems import Invalid

SHORTEST, LONGEST = 12, 128
TELLING = 4
"""A shorter local part (``a@example.org``) would forbid half of all passwords."""


class PasswordRefused(Invalid):
    """This password cannot be accepted."""


class WrongPassword(Invalid):
    """This is not your password."""

    def __init__(self) -> None:
        super().__init__(self.title(), field="body/current_password")


def check(password: str, email: str) -> None:
    """Refuse a password that is too short, too long, or too easily guessed."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused(
            f"A password has {SHORTEST} to {LONGEST} characters.", field="body/password"
        )
    if len(set(password)) == 1:
        raise PasswordRefused("A password is not one character repeated.", field="body/password")
    local_part = email.partition("@")[0].lower()
    typed = unicodedata.normalize("NFKC", password).casefold()
    if len(local_part) >= TELLING and local_part in typed:
        raise PasswordRefused(
            "A password does not contain the name before the @ of the e-mail.",
            field="body/password",
        )
