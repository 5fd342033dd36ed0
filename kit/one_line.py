"""What a text on one line has and has not, whoever wrote it. Pure."""

from typing import Annotated, Any, Final

from pydantic import StringConstraints

NOT_IN_A_LINE: Final = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\u115f\u1160\u3164\uffa0"
)
"""
Control characters, ends of lines, what turns round the direction in which others are read, and
what takes no room, letters (of Hangul) included.

For a class of a regular expression.
"""


def one_line(most: int, least: int = 1, pattern: str = f"^[^{NOT_IN_A_LINE}]*$") -> Any:
    """A text without ends of lines, or anything else that is not seen and changes what is."""
    return StringConstraints(
        strip_whitespace=True, min_length=least, max_length=most, pattern=pattern
    )


Phone = Annotated[str, one_line(30, pattern=r"^\+?[0-9][0-9 .()-]{3,28}$")]
