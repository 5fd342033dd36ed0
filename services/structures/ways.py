"""Which way to what is sought reads the fewest structures, judged by a sample of them. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.structures.search import Pattern

IN_ORDER: Final = "_id_"
BY_GRAM: Final = "grams_1"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one structure of the sample is found by."""

    texts: tuple[str, ...]
    identifier: str
    grams: tuple[str, ...]

    def fits(self, patterns: Iterable[Pattern]) -> bool:
        return all(self._fits(one) for one in patterns)

    def _fits(self, pattern: Pattern) -> bool:
        if any(re.search(pattern.expression, text) for text in self.texts):
            return True
        return bool(pattern.digits and re.search(pattern.digits, self.identifier))


class Sample:
    """So many structures drawn by chance, of all that there are."""

    def __init__(self, drawn: Iterable[Looked], among: int) -> None:
        self._drawn = tuple(drawn)
        self._each = among / max(1, len(self._drawn))
        self._grams = Counter(gram for one in self._drawn for gram in one.grams)

    def rarest(self, grams: Iterable[str]) -> str:
        return min(grams, key=lambda gram: (self._grams[gram], gram))

    def way(self, patterns: tuple[Pattern, ...], gram: str, wanted: int) -> str:
        """
        The index to read by.

        What many fit is soonest found by reading all in the order of the answer, until there are
        enough; what few fit by reading everything that has its rarest gram.
        """
        fitting = sum(one.fits(patterns) for one in self._drawn)
        having_gram = self._grams[gram] * self._each
        until_enough = wanted * len(self._drawn) / fitting if fitting else float("inf")
        return IN_ORDER if until_enough < having_gram else BY_GRAM
