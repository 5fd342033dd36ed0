"""Which way to what is sought reads the fewest structures, judged by a sample of them. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from contracts.structures import Kind
from services.structures.search import Pattern

IN_ORDER: Final = "_id_"
BY_GRAM: Final = "grams_1"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one structure of the sample is found by."""

    texts: tuple[str, ...]
    identifier: str
    grams: tuple[str, ...]
    kind: Kind = "public"

    def fits(self, patterns: Iterable[Pattern]) -> bool:
        return all(self._fits(one) for one in patterns)

    def _fits(self, pattern: Pattern) -> bool:
        if any(re.search(pattern.expression, text) for text in self.texts):
            return True
        return bool(pattern.digits and re.search(pattern.digits, self.identifier))


class Sample:
    """So many structures drawn by chance, of all that there are."""

    def __init__(self, drawn: Iterable[Looked], among: int) -> None:
        self._having = defaultdict[str, list[Looked]](list)
        self._many = 0
        for self._many, one in enumerate(drawn, 1):
            for gram in one.grams:
                self._having[gram].append(one)
        self._each = among / max(1, self._many)

    def rarest(self, grams: Iterable[str]) -> str:
        return min(grams, key=lambda gram: (len(self._having.get(gram, ())), gram))

    def way(
        self, patterns: tuple[Pattern, ...], gram: str, wanted: int, *, restricted: bool = False
    ) -> str:
        """
        The index to read by; ``gram`` is one that whatever fits must have.

        ``restricted``: of what fits, only public bodies will do.

        What many fit is soonest found by reading all in the order of the answer, until there are
        enough; what few fit by reading everything that has its rarest gram.
        """
        having_gram = self._having.get(gram, ())
        fitting = sum(
            one.fits(patterns) for one in having_gram if not restricted or one.kind == "public"
        )
        until_enough = wanted * self._many / fitting if fitting else float("inf")
        return IN_ORDER if until_enough < len(having_gram) * self._each else BY_GRAM
