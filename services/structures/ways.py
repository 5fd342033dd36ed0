"""Which of its grams leads to what is sought by the fewest structures, judged by a sample. Pure."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Final

BY_GRAM: Final = "grams_1_order_1"
"""The index that has, within one gram, those that have it in their order."""


class Sample:
    """How many have each gram, of structures drawn by chance."""

    def __init__(self, drawn: Iterable[Iterable[str]]) -> None:
        self._having = Counter(chain.from_iterable(drawn))

    def rarest(self, grams: Iterable[str]) -> str:
        return min(grams, key=lambda gram: (self._having[gram], gram))
