"""Names as somebody else has written them down, made fit to greet a person with."""

import re
from typing import Final

from kit.one_line import NOT_IN_A_LINE

LONGEST = 100
NOT_IN_A_NAME: Final = NOT_IN_A_LINE + r"<>/:@\\"
"""Nothing that a letter would show as an address."""
_UNFIT = re.compile(f"[{NOT_IN_A_NAME}]+")


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
    said = " ".join(plain.split())[:LONGEST].strip()
    return said if any(map(str.isalnum, said)) else ""
