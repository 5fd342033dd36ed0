"""What may be asked of a search."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import BeforeValidator

from contracts.structures import Kind, Status
from kit.folding import fold
from kit.one_line import NOT_IN_A_LINE
from kit.problems import Invalid
from services.structures.domain.identifiers import spellings
from services.structures.search import SearchTooWide

_BEGINNING_LEAST: Final = 2

Text = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=r"^[^*]+\*?$",
        description="Case and accents aside; with a star at its end, a beginning: `nan*`.",
    ),
]


class NothingAskedFor(Invalid):
    """Say at least one thing that the structures you look for have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """All of it must hold. Read from the query of a request."""

    q: Annotated[
        str | None,
        Query(max_length=100, description="Beginnings of words, or a pattern: `*menuiserie*`"),
    ] = None
    identifier: Annotated[
        str | None,
        Query(
            pattern=rf"^[^\W_][^*{NOT_IN_A_LINE}]{{0,79}}\*?$",
            description="Its beginning, with or without a star at the end.",
        ),
    ] = None
    postcode: Annotated[
        str | None,
        Query(pattern=r"^[0-9A-Za-z -]{1,20}\*?$", description="Whole, or a beginning: `44*`."),
    ] = None
    city: Text = None
    last_name: Text = None
    first_name: Text = None
    country: Annotated[str | None, Query(max_length=100, pattern=r"^[^*]+$")] = None
    kind: Annotated[Kind | None, Query()] = None
    status: Annotated[Status | None, Query()] = None
    moa: Annotated[bool | None, Query(description="Takes part in works invoices.")] = None
    moa_only: Annotated[bool | None, Query(description="In nothing but works invoices.")] = None
    mine: Annotated[
        Literal["attached", "managed"] | None,
        Query(description="Those you are attached to, or those you manage."),
    ] = None
    restrict_private: Annotated[
        bool,
        BeforeValidator(lambda said: True if said == "" else said),
        Query(description="False: private structures to which you are not attached as well."),
    ] = True

    @property
    def wide(self) -> bool:
        """Whether everything would fit."""
        return self == Sought(restrict_private=self.restrict_private)


def word(field: str, said: str) -> str | dict[str, str]:
    """What a folded text equals or, before a star, begins with."""
    return _beginning(field, fold(said).rstrip()) if said.endswith("*") else fold(said)


def code(field: str, said: str) -> str | dict[str, str]:
    """The same of one that is kept as it was written."""
    return _beginning(field, said[:-1].strip()) if said.endswith("*") else said


def identifier(said: str) -> dict[str, Any]:
    """One that begins so, whichever type it is of: some are kept without spaces."""
    beginnings = (f"^{re.escape(one)}" for one in sorted(spellings(said.removesuffix("*"))))
    return {"$or": [{"identifier.value": {"$regex": one}} for one in beginnings]}


def _beginning(field: str, letters: str) -> dict[str, str]:
    if len(letters.strip()) < _BEGINNING_LEAST:
        least = f"Give at least {_BEGINNING_LEAST} characters before the star."
        raise SearchTooWide(least, field=f"query/{field}")
    return {"$regex": f"^{re.escape(letters)}"}
