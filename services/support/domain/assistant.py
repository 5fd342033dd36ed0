"""What the knowledge base says about a question: its own words, or nothing. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from typing import Final

from kit.one_line import NOT_IN_A_LINE
from kit.words import stems
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Content

MOST: Final = 3
TITLE_MOST: Final = 200
PASSAGES_MOST: Final = 2
ENOUGH: Final = 0.6
"""Of what a question says, that an article must speak of."""
PART: Final = 0.5
"""Of one of its wordings, that a question must say: a word or two in common is no answer."""
OF_WORDING: Final = 0.6
"""Of one of its wordings, that a question must say, however much else it tells."""
BESIDE: Final = 0.7
"""What a word in the text alone counts, beside one in the title or in a wording."""
CLOSE: Final = 0.6
"""Of the best article's score, that another must reach to be suggested beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What we say about one subject, written by people."""

    reference: str
    title: str
    asked: tuple[str, ...]
    """How people ask about it in other words."""
    category: str
    subcategory: str
    """What a ticket about it is filed under."""
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An article that speaks of what was asked, and where it does."""

    article: Article
    passages: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class _Indexed:
    article: Article
    wordings: tuple[frozenset[str], ...]
    passages: tuple[frozenset[str], ...]

    @property
    def named(self) -> frozenset[str]:
        return frozenset().union(*self.wordings)

    @property
    def all(self) -> frozenset[str]:
        return self.named.union(*self.passages)


class Knowledge:
    """The articles, and how rare each of their words is among them."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self._indexed = tuple(
            _Indexed(
                one,
                tuple(frozenset(stems(text)) for text in (one.title, *one.asked)),
                tuple(frozenset(stems(text)) for text in one.passages),
            )
            for one in articles
        )
        self._speaking = Counter(stem for one in self._indexed for stem in one.all)

    @property
    def articles(self) -> tuple[Article, ...]:
        return tuple(one.article for one in self._indexed)

    def article(self, reference: str) -> Article | None:
        return next((one for one in self.articles if one.reference == reference), None)

    def suggest(self, question: str) -> tuple[Suggestion, ...]:
        """The articles that speak of it, best first; none when they speak of something else."""
        said = frozenset(stems(question))
        scored = [(self._score(one, said), one) for one in self._indexed]
        answers = sorted(
            ((score, one) for score, one in scored if score >= ENOUGH),
            key=lambda both: (
                -both[0],
                -self._weight(said & both[1].all),
                both[1].article.reference,
            ),
        )
        if not answers:
            return ()
        best, first = answers[0]
        return tuple(
            Suggestion(article=one.article, passages=self._passages(one, said), score=score)
            for score, one in answers[:MOST]
            # What speaks of less of the question than the first says nothing more about it.
            if score >= best * CLOSE and not said & one.all < said & first.all
        )

    def _score(self, one: _Indexed, said: frozenset[str]) -> float:
        """How much of what was said it speaks of; or how much of one of its wordings was said."""
        if not any(self._part(said, wording) >= PART for wording in one.wordings):
            return 0.0
        named, everything = one.named, one.all
        spoken = self._weight(said & named) + BESIDE * self._weight((said & everything) - named)
        covered = spoken / self._weight(said) if said else 0.0
        wordings = (
            self._part(said, wording) for wording in one.wordings if len(said & wording) > 1
        )
        worded = max(wordings, default=0.0)
        return max(covered, worded if worded >= OF_WORDING else 0.0)

    def _passages(self, one: _Indexed, said: frozenset[str]) -> tuple[str, ...]:
        """Those that speak of it most, in the order of the article; else its beginning."""
        weights = [self._weight(said & words) for words in one.passages]
        best = sorted(range(len(weights)), key=lambda at: (-weights[at], at))[:PASSAGES_MOST]
        chosen = [at for at in sorted(best) if weights[at]] or [0]
        return tuple(one.article.passages[at] for at in chosen)

    def _part(self, said: frozenset[str], wording: frozenset[str]) -> float:
        whole = self._weight(wording)
        return self._weight(said & wording) / whole if whole else 0.0

    def _weight(self, words: Iterable[str]) -> float:
        """A word that every article uses says little; one that none knows says most."""
        total = len(self._indexed) + 1
        return sum(log(1 + total / (1 + self._speaking[word])) for word in words)


def form_of(article: Article, catalogue: Catalogue) -> str:
    """The form of its own by which what an article is about is asked for, if it has one."""
    filed = catalogue.subcategory(article.category, article.subcategory)
    return filed.form if filed else ""


def handed_over(
    question: str,
    description: str,
    knowledge: Knowledge,
    catalogue: Catalogue,
    *,
    structure_id: str | None,
) -> Content:
    """The draft of a ticket with what was asked, filed as far as an article tells."""
    found = knowledge.suggest(question)
    best = found[0].article if found else None
    return Content(
        category=best.category if best else "",
        subcategory=best.subcategory if best and not form_of(best, catalogue) else "",
        title=_in_a_line(question)[:TITLE_MOST],
        description=description,
        structure_id=structure_id,
    )


def _in_a_line(text: str) -> str:
    return " ".join(re.sub(f"[{NOT_IN_A_LINE}]", " ", text).split())
