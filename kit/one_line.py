"""What a text has and has not, on one line or on several, whoever wrote it. Pure."""

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


_CONTROL: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"


def one_line(most: int, least: int = 1, pattern: str = f"^[^{NOT_IN_A_LINE}]*$") -> Any:
    """A text without ends of lines, or anything else that is not seen and changes what is."""
    return StringConstraints(
        strip_whitespace=True, min_length=least, max_length=most, pattern=pattern
    )


def lines(most: int, least: int = 1) -> Any:
    """
    A text of several lines, without other control characters, which letters could not carry.

    One in which nothing can be seen is none.
    """
    seen = rf"[^{NOT_IN_A_LINE}\s]"
    text = f"[^{_CONTROL}]*{seen}[^{_CONTROL}]*"
    return StringConstraints(
        strip_whitespace=True,
        min_length=least,
        max_length=most,
        pattern=f"^{text}$" if least else f"^({text})?$",
    )


Phone = Annotated[str, one_line(30, pattern=r"^\+?[0-9][0-9 .()-]{3,28}$")]
