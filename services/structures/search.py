"""What a structure is found by: its texts folded, and the trigrams that lead to them. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from kit.folding import fold, unmarked
from kit.problems import Invalid
from services.structures.domain.structures import Structure

_WORDS_MOST: Final = 10
_STARS_MOST: Final = 5
_LITERAL_LEAST: Final = 3
_DIGITS_THAT_LEAD: Final = 5
DIGITS_THAT_ORDER: Final = 7
_SORTED_BY: Final = 64
"""Letters."""

AT_HOME: Final = " france "
"""Folded; nearly all structures are there, so only other countries are kept to be looked for."""


class SearchTooWide(Invalid):
    """Such a search would find nearly everything."""


class SearchTooLong(Invalid):
    """Such a search has too many parts."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing to find: an expression that a text fits, and the grams that lead to it."""

    expression: str
    grams: frozenset[str]
    digits: str | None = None
    """Where only digits were given: what an identifier made of digits may fit instead."""
    digit_grams: frozenset[str] = frozenset()
    """Such an identifier has at least one of these; none when too few digits were given."""


def sortable(text: str) -> str:
    """Folded, and short enough for the cursor of a page."""
    return fold(text).strip()[:_SORTED_BY]


def order(id: str) -> int:
    """Its place among ids, in 28 bits: the index of grams keeps one beside each of them."""
    return int(id[:DIGITS_THAT_ORDER], 16)


def grams(folded: str) -> frozenset[str]:
    """Its trigrams, and the first three and four letters of each word with the space before."""
    beginnings = [at for at, one in enumerate(folded) if one == " "]
    return frozenset(
        folded[at : at + length]
        for length, starts in ((3, range(len(folded))), (4, beginnings), (5, beginnings))
        for at in starts
        if at + length <= len(folded)
    )


def _first(letters: str) -> str:
    return f"^{letters[:3]}"


def _last(letters: str) -> str:
    return f"{letters[-3:]}$"


def digit_grams(identifier: str) -> frozenset[str]:
    """
    One in three of its trigrams: all of them would cost most of an import.

    Five digits in a row always hold one of them whole.
    """
    return frozenset(f"#{identifier[at : at + 3]}" for at in range(0, len(identifier) - 2, 3))


def search_fields(structure: Structure) -> dict[str, Any]:
    """What is kept beside a structure to find it by."""
    fields = found_later(structure)
    del fields["awaits_grams"]
    return fields | {"grams": grams_of(structure)}


def grams_of(structure: Structure) -> list[str]:
    """All that lead to it."""
    texts, identifier = _texts(structure), structure.identifier.value
    edges = {edge(text.strip()) for text in texts for edge in (_first, _last)}
    digits = digit_grams(identifier) if identifier.isdigit() else ()
    return sorted(edges.union(digits, *map(grams, texts)))


def _texts(structure: Structure) -> list[str]:
    identifier = structure.identifier.value
    person = f"{structure.first_name or ''} {structure.last_name or ''}"
    other = "" if identifier.isdigit() else identifier
    said = (structure.legal_name, structure.label, person, other)
    return sorted({fold(text) for text in said if text and text.strip()})


def found_later(structure: Structure) -> dict[str, Any]:
    """The same without its grams, which are most of what keeping it costs; they follow."""
    fields: dict[str, Any] = {
        "order": order(structure.id),
        "public": structure.public,
        "texts": _texts(structure),
        "awaits_grams": True,
    }
    if structure.address and structure.address.postcode:
        fields["postcode"] = structure.address.postcode
    if structure.address and structure.address.city:
        fields["city"] = fold(structure.address.city)
    if structure.last_name:
        fields["family"] = fold(structure.last_name)
    if structure.first_name:
        fields["given"] = fold(structure.first_name)
    if structure.address and (country := fold(structure.address.country)) != AT_HOME:
        fields["abroad"] = country
    # Only where they are set: they are few, and so are the entries of their indexes.
    flags = structure.flags
    fields |= {"moa": True} if flags.moa or flags.moa_only else {}
    return fields | ({"moa_only": True} if flags.moa_only else {})


def patterns(q: str) -> tuple[Pattern, ...]:
    """
    Read a search: words that must all begin some word, or one pattern with ``*``.

    ``*menuiserie*`` is contained, ``menuis*`` begins a text, ``*menuiserie`` ends one.
    """
    found = (_wildcard(q),) if "*" in q else tuple(_begins_a_word(word) for word in _words(q))
    if not any(pattern.grams for pattern in found):
        raise SearchTooWide("Give at least two letters of a word.", field="query/q")
    return found


def _words(q: str) -> list[str]:
    words = fold(q).split()
    if "".join(words).isdigit():
        words = ["".join(words)]  # an identifier written in groups: 732 829 320 00074
    if len(words) > _WORDS_MOST:
        raise SearchTooLong(f"At most {_WORDS_MOST} words.", field="query/q")
    return sorted({*words})


def _begins_a_word(word: str) -> Pattern:
    return Pattern(
        f" {re.escape(word)}", grams(f" {word}"), digits=f"^{word}" if word.isdigit() else None
    )


def _wildcard(q: str) -> Pattern:
    plain = re.sub(r" *\*[ *]*", "*", unmarked(q).strip())
    if plain.count("*") > _STARS_MOST:
        raise SearchTooLong(f"At most {_STARS_MOST} times *.", field="query/q")
    pieces = plain.split("*")
    longest = max(pieces, key=len)
    if len(longest) < _LITERAL_LEAST:
        raise SearchTooWide("Give at least three characters in a row.", field="query/q")
    first, *inner, last = pieces
    within_words = [first and f" {first}", *inner, last and f"{last} "]
    leading = set[str]().union(*map(grams, within_words))
    leading |= {_first(first)} if len(first) >= _LITERAL_LEAST else set()
    leading |= {_last(last)} if len(last) >= _LITERAL_LEAST else set()
    pattern = Pattern(_expression(within_words), frozenset(leading))
    if not "".join(pieces).isdigit():
        return pattern
    held = range(3 if len(longest) >= _DIGITS_THAT_LEAD else 0)
    return replace(
        pattern,
        digits=_expression(pieces),
        digit_grams=frozenset(f"#{longest[at : at + 3]}" for at in held),
    )


def _expression(pieces: list[str]) -> str:
    first, *inner, last = map(re.escape, pieces)
    # Each group is atomic: what it skipped is never tried again, so that no text is slow to read.
    skipping = "".join(f"(?>.*?{piece})" for piece in inner)
    return f"^{first}{skipping}" + (f".*{last}$" if last else "")
