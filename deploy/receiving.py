"""
``chorale receive``: one letter from a mail server, brought to the support desk.

The exit status is what mail servers understand (sysexits.h): a letter that is not brought now stays
with them, whatever the reason, unless the platform refuses the letter itself.
"""

import json
import os
import sys
from http import HTTPStatus
from typing import IO, Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.settings import read

BROUGHT: Final = os.EX_OK
REFUSED: Final = os.EX_DATAERR
LATER: Final = os.EX_TEMPFAIL
FOR_GOOD: Final = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
"""They are about the letter, which will not be another tomorrow."""
PATIENCE: Final = 60
"""Seconds that each of the two requests may take."""


class Receiving(BaseSettings):
    """Where letters are brought, and who brings them."""

    model_config = SettingsConfigDict(env_prefix="CHORALE_", extra="ignore", frozen=True)

    receive_at: str = Field(
        default="http://127.0.0.1:8080", description="The gateway, as the mail server reaches it"
    )
    receive_client: str = Field(description="A client with the scope letters:write alone")
    receive_secret: SecretStr


def receive(letter: IO[bytes]) -> int:
    try:
        settings = read(Receiving)
        token = _asked(settings, "/v1/tokens", _credentials(settings))["access_token"]
        return _bring(settings, letter.read(), {"Authorization": f"Bearer {token}"})
    except Exception as wrong:  # else the mail server would return the letter
        # Not its words: of a setting that is wrong they would be the setting.
        return _said(LATER, f"Not brought now: {type(wrong).__name__} {_status(wrong)}".strip())


def _bring(settings: Receiving, letter: bytes, headers: dict[str, str]) -> int:
    said = headers | {"Content-Type": "message/rfc822"}
    try:
        _asked(settings, "/v1/incoming-letters", letter, said)
    except HTTPError as answer:
        if answer.code not in FOR_GOOD:
            raise
        return _said(REFUSED, f"Refused: {answer.code} {answer.reason}")
    return BROUGHT


def _credentials(settings: Receiving) -> bytes:
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.receive_client,
        "client_secret": settings.receive_secret.get_secret_value(),
    }
    return urlencode(form).encode()


def _asked(
    settings: Receiving, path: str, body: bytes, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    asked = Request(settings.receive_at + path, body, headers or {}, method="POST")  # noqa: S310  # a setting
    with urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310  # as above
        return dict(json.load(answer))


def _status(wrong: Exception) -> str:
    return str(wrong.code) if isinstance(wrong, HTTPError) else ""


def _said(status: int, words: str) -> int:
    print(words, file=sys.stderr)
    return status
