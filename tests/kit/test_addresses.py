"""E-mail addresses in their one spelling."""

import pytest

from kit.addresses import normalised


class TestNormalised:
    @pytest.mark.feature("ACC-01")
    @pytest.mark.parametrize(
        ("typed", "known"),
        [
            (" LEA@Example.ORG", "lea@example.org"),
            ("lea@École.fr", "lea@xn--cole-9oa.fr"),
            ("lea@xn--cole-9oa.fr", "lea@xn--cole-9oa.fr"),
            ("lea@e\u0301cole.fr", "lea@xn--cole-9oa.fr"),
            ("Ada@Faß.de", "ada@xn--fa-hia.de"),
            ("ada@xn--fa-hia.de", "ada@xn--fa-hia.de"),
            ("ada@fass.de", "ada@fass.de"),
        ],
    )
    def test_is_the_same_however_the_address_is_typed(self, typed: str, known: str):
        assert normalised(typed) == known
        assert normalised(known) == known

    def test_never_makes_the_domain_of_another(self):
        assert normalised("ada@faß.de") != normalised("ada@fass.de")

    @pytest.mark.parametrize("typed", ["léa@example.org", "nobody", "", "ſea@example.org"])
    def test_refuses_what_no_letter_would_reach(self, typed: str):
        with pytest.raises(ValueError):
            normalised(typed)
