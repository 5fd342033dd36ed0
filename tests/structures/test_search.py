"""How structures are looked for."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kit.folding import fold
from services.structures.search import (
    Pattern,
    SearchTooLong,
    SearchTooWide,
    patterns,
    search_fields,
)
from tests.structures.builders import SIRET, a_structure


def finds(q: str, name: str | None = None) -> bool:
    """As the database does: some text has all the grams and fits, or the identifier does."""
    fields = search_fields(a_structure(legal_name=name))
    kept, texts = frozenset(fields["grams"]), fields["texts"]

    def fits(pattern: Pattern) -> bool:
        if pattern.grams <= kept and any(re.search(pattern.expression, text) for text in texts):
            return True
        if pattern.digits is None or not re.search(pattern.digits, SIRET.value):
            return False
        return not pattern.digit_grams or bool(pattern.digit_grams & kept)

    return all(map(fits, patterns(q)))


class TestWords:
    @pytest.mark.feature("STR-49")
    @pytest.mark.parametrize(
        "q",
        ["menuiserie", "Menuis", "ÉLOÏSE", "menuiserie dupont", "dupont éloi", "L'Atelier", "du"],
    )
    def test_begin_words_whatever_their_case_and_accents(self, q: str):
        assert finds(q, "L’ATELIER-MENUISERIE Dupont Éloïse & Fils")

    @pytest.mark.parametrize("q", ["nuiserie", "dupond", "menuiserie durand"])
    def test_do_not_find_what_they_do_not_begin(self, q: str):
        assert not finds(q, "MENUISERIE DUPONT")

    def test_find_across_name_and_identifier(self):
        assert finds("dupont 7328", "MENUISERIE DUPONT")

    @pytest.mark.parametrize("q", ["732 829 320 00074", "73282932000074", "732829"])
    def test_may_be_an_identifier_written_in_groups(self, q: str):
        assert finds(q, "DUPONT")

    def test_of_one_letter_are_too_wide_alone(self):
        with pytest.raises(SearchTooWide):
            patterns("a b")
        assert finds("dupont x", "dupont xavier")

    def test_are_only_so_many(self):
        with pytest.raises(SearchTooLong):
            patterns(" ".join(f"mot{at}" for at in range(11)))

    @pytest.mark.parametrize("q", ["", "  ", "...", "\x00"])
    def test_must_be_there(self, q: str):
        with pytest.raises(SearchTooWide):
            patterns(q)


@pytest.mark.feature("STR-50")
class TestWildcards:
    @pytest.mark.parametrize(
        "q",
        [
            "*menuiserie*",
            "*MENUIS*",
            "*nuiser*",
            "menuis*",
            "*dupont",
            "men*dupont",
            "m*nuis*",
            "*men*dup*",
            "** menuiserie **",
            "*menuiserie du*",
        ],
    )
    def test_stand_for_anything(self, q: str):
        assert finds(q, "Menuiserie Dupont")

    @pytest.mark.parametrize(
        "q", ["dupont*", "*menuiserie", "*dup*men*", "*ment*", "*nuiserie*fils"]
    )
    def test_leave_the_rest_of_the_text_to_be_matched(self, q: str):
        assert not finds(q, "Menuiserie Dupont")

    @given(st.text("abc d", min_size=3, max_size=12), st.integers(0, 9), st.integers(3, 9))
    def test_find_what_they_were_cut_from(self, name: str, at: int, length: int):
        whole = fold(name).strip()
        piece = whole[at : at + length].strip()
        assume(len(piece) >= 3)
        for q in (f"*{piece}*", f"{whole}*", f"*{whole}"):
            assert finds(q, name), q

    @pytest.mark.parametrize("q", ["*.*menu*", "*(menu*", "*menu[a-z]*", "*menu\\*", "*$menu*"])
    def test_are_the_only_signs_with_a_meaning(self, q: str):
        patterns(q)
        assert not finds("*m.nuiserie*", "menuiserie")

    @pytest.mark.parametrize(
        "q",
        [
            "*00074",
            "732*",
            "*829320*",
            "732*074",
            "*328*320*",
            *(f"*{SIRET.value[at : at + 5]}*" for at in range(10)),
        ],
    )
    def test_stand_for_digits_of_an_identifier(self, q: str):
        assert finds(q)

    @pytest.mark.parametrize("q", ["*732", "074*", "*829321*", "*829 320*"])
    def test_do_not_find_other_digits(self, q: str):
        assert not finds(q)

    @pytest.mark.parametrize("q", ["*", "**", "*ab*", "a*b*c", "*a-*", "*..*", "ab*"])
    def test_need_three_characters_in_a_row(self, q: str):
        with pytest.raises(SearchTooWide) as refusal:
            patterns(q)
        assert refusal.value.as_json()["errors"][0]["pointer"] == "/query/q"

    def test_are_only_so_many(self):
        with pytest.raises(SearchTooLong):
            patterns("*abc" * 10 + "*")

    def test_never_make_a_text_slow_to_read(self):
        assert not finds("*aaa*aaa*aaa*aaab*", "a" * 5_000)
