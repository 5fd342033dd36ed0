"""Countries by their French names and by their ISO codes. Pure."""

from functools import cache
from typing import Final

from babel import Locale

from kit.folding import fold

FRANCE: Final = "France"
_NOT_COUNTRIES: Final = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Unions, the unknown and what tests use: they have names and codes as countries have."""


def code_of(country: str) -> str:
    """Its ISO code; empty where no country has this name."""
    return _codes().get(fold(country), "")


def name_of(code: str) -> str:
    """Empty where no country has this code."""
    return _names().get(code.upper(), "")


@cache
def _names() -> dict[str, str]:
    names = Locale("fr").territories.items()
    return {
        code: name
        for code, name in names
        if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES
    }


@cache
def _codes() -> dict[str, str]:
    return {fold(name): code for code, name in _names().items()}
