"""What may be asked of a search."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BeforeValidator

from contracts.structures import Kind, Status
from kit.problems import Invalid

Text = Annotated[str | None, Query(min_length=1, max_length=100)]


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
        str | None, Query(pattern=r"^[0-9A-Za-z]{1,80}$", description="Its beginning.")
    ] = None
    postcode: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z -]{1,20}$")] = None
    city: Text = None
    last_name: Text = None
    first_name: Text = None
    country: Text = None
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
