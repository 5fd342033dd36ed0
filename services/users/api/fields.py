"""The fields that several bodies have."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
    StringConstraints,
)

from kit.addresses import Email
from kit.one_line import lines, one_line
from kit.robots import OpenForm
from services.users.names import NOT_IN_A_NAME


def _read_aloud(written: str) -> str:
    if not any(map(str.isalnum, written)):
        raise ValueError("A name has letters.")
    return written


Name = Annotated[
    str,
    # No address of a site: names are greeted in letters that anyone can have us send.
    one_line(100, pattern=rf"^[^{NOT_IN_A_NAME}]+$"),
    AfterValidator(_read_aloud),
]


def _of_characters(written: SecretStr) -> SecretStr:
    try:
        written.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("Half of a surrogate pair is no character.") from None
    return written


Password = Annotated[SecretStr, Field(max_length=1024), AfterValidator(_of_characters)]

Question = Annotated[str, one_line(200, least=5)]

Answer = Annotated[SecretStr, Field(max_length=200), AfterValidator(_of_characters)]

Reason = Annotated[str, lines(1000)]

Comment = Annotated[str, lines(1000, least=0)]

LinkToken = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]

Proof = Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[a-z2-7]{4}(-[a-z2-7]{4}){3})$")]
"""A code of the second factor, or one that recovers it."""


class Address(OpenForm):
    email: Email


class Accepted(BaseModel):
    """What anyone is answered, so that nobody learns who has an account."""

    status: Literal["accepted"] = "accepted"
