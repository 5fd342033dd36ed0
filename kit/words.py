"""What French texts are about: their words without case, accents and endings. Pure."""

import re
from functools import lru_cache
from typing import Final

import snowballstemmer

from kit.folding import fold

_FRENCH: Final = snowballstemmer.stemmer("french")
_EMPTY: Final = frozenset(
    fold(
        """
        a afin ai alors as au aucun aussi autre aux avec avez avoir avons bonjour c ca car ce ceci
        cela celle celui ces cet cette ceux chez ci comme comment d dans de depuis des dois doit
        donc du elle elles en encore entre es est et etais etait etant ete etes etre eu eux fait
        fais faire faut font ici il ils j je jusqu l la le les leur leurs lors lui m ma mais me
        meme merci mes moi mon n ne ni nos notre nous on ont ou par pas peut peux plus pour pourquoi
        pourrais puis puisse qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses
        si sien soit son sont suis sur t ta te tes toi ton tous tout toute toutes tu un une va vais
        veux voici vos votre voudrais vous y
        """
    ).split()
)
"""Words that say nothing of what a text is about."""
_MAIL: Final = re.compile(r"(?<= )(?:e mail|email|mail|mel|courriel)s?(?= )")
"""What most writers mean by any of these, and no two spell alike."""
_PLURAL: Final = re.compile(r"(?<=\w\w[aiou])s$|(?<=\w\wu)x$")
"""Of ``numéros`` or ``lieux``: the stemmer leaves it, since ``refus`` and ``taux`` end so too."""


def stems(text: str) -> list[str]:
    """What the words of a text are about, in their order."""
    return [stem(one) for one in _MAIL.sub("mail", fold(text)).split() if one not in _EMPTY]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """
    A folded word without its endings.

    Again until nothing is taken off: accents say where some endings begin, and not everybody
    writes them.
    """
    shorter = _PLURAL.sub("", _FRENCH.stemWord(word))
    return word if shorter == word else stem(shorter)
