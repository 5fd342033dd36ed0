"""Read your own writes: from the token a write answered with to what a read must wait for."""

import base64
import json
import re
from typing import NamedTuple

from kit.problems import Invalid

TOKEN_LIMIT = 2_000
ROWS_MOST = 20

_ROW = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_FIELD = "header/consistency-token"


class UnknownToken(Invalid):
    """This consistency token is not one of ours."""


class Written(NamedTuple):
    """The service that kept a fact, and the rows of its journal that tell it."""

    service: str
    rows: tuple[str, ...]


def read(token: str, services: tuple[str, ...]) -> Written:
    """Raise UnknownToken unless the token was made by a service of ours."""
    match _opened(token):
        case {"s": str(service), "r": [*rows]} if (
            service in services
            and len(rows) <= ROWS_MOST
            and all(isinstance(row, str) and _ROW.fullmatch(row) for row in rows)
        ):
            return Written(service, tuple(rows))
    raise UnknownToken(field=_FIELD)


def unknown() -> UnknownToken:
    return UnknownToken("Its service does not know what it names.", field=_FIELD)


def _opened(token: str) -> object:
    if len(token) > TOKEN_LIMIT:
        raise UnknownToken(field=_FIELD)
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, RecursionError):
        raise UnknownToken(field=_FIELD) from None
