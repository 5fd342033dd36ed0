"""Texts without what people write differently: case, accents, punctuation. Pure."""

import re
import unicodedata
from typing import Final

_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})


def unmarked(text: str) -> str:
    """Without case or accents, a space for each mark but ``*``."""
    letters = text.casefold().translate(_LIGATURES)
    if not letters.isascii():  # most are, and to look at each letter costs most of it
        decomposed = unicodedata.normalize("NFKD", letters)
        letters = "".join(one for one in decomposed if not unicodedata.combining(one))
    return re.sub(r"[^\w*]|_", " ", letters)


def fold(text: str) -> str:
    """Without case, accents or punctuation, a space around each word: ``" l atelier "``."""
    return f" {' '.join(unmarked(text).replace('*', ' ').split())} "
