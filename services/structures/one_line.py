"""What a text on one line does not have, whoever wrote it. Pure."""

from typing import Final

NOT_IN_A_LINE: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""
Control characters, ends of lines, and what turns round the direction in which others are read.

For a class of a regular expression.
"""
