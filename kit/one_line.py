"""What a text on one line does not have, whoever wrote it. Pure."""

from typing import Final

NOT_IN_A_LINE: Final = (
    r"\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\u115f\u1160\u3164\uffa0"
)
"""
Control characters, ends of lines, what turns round the direction in which others are read, and
what takes no room, letters (of Hangul) included.

For a class of a regular expression.
"""
