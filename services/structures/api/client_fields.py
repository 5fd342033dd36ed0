"""The fields that several bodies about clients have."""

from functools import cache
from typing import Annotated

from babel import localedata
from babel.core import get_global
from pydantic import AfterValidator, Field, StrictBool, StringConstraints


@cache
def _currencies() -> frozenset[str]:
    territories = get_global("territory_currencies").values()
    return frozenset(
        code for used in territories for code, _, until, tender in used if tender and until is None
    )


def _currency(code: str) -> str:
    if code not in _currencies():
        raise ValueError("No currency in use has this code (ISO 4217).")
    return code


def _language(code: str) -> str:
    if not localedata.exists(code):
        raise ValueError("No language has this code (ISO 639-1).")
    return code


Currency = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    AfterValidator(_currency),
    Field(description="ISO 4217", examples=["EUR"]),
]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2}$"),
    AfterValidator(_language),
    Field(description="ISO 639-1", examples=["fr"]),
]
Amount = Annotated[
    str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"), Field(examples=["1200.50"])
]
Switches = Annotated[
    dict[Annotated[str, StringConstraints(max_length=40)], StrictBool],
    Field(max_length=50, description="One that is not named is on."),
]
