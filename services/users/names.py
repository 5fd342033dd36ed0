"""Names as somebody else has written them down, made fit to greet a person with."""

import re

LONGEST = 100
_UNFIT = re.compile(r"[\x00-\x1f\x7f<>/:@\\]+")
"""As the names that people give themselves: nothing that a letter would show as an address."""


def named(given: str, family: str, whole: str, email: str) -> tuple[str, str]:
    """First and last name; of somebody who has none, what stands before the @ of the address."""
    first, last = _fit(given), _fit(family)
    if not (first and last):
        before, _, after = _fit(whole).rpartition(" ")
        first, last = first or before, last or after
    if not (first or last):
        last = _fit(email.partition("@")[0])
    return first, last


def _fit(name: str) -> str:
    plain = "".join(one if one.isprintable() else " " for one in _UNFIT.sub(" ", name))
    return " ".join(plain.split())[:LONGEST].strip()
