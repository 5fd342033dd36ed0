"""What is equal to what was asked for, and what begins with it."""

import re
from typing import Any

import pytest

from services.structures.search import SearchTooWide, search_fields
from services.structures.sought import code, identifier, word
from tests.structures.builders import RUE, a_structure


def fits(criterion: Any, kept: str) -> bool:
    if isinstance(criterion, str):
        return criterion == kept
    return bool(re.search(criterion["$regex"], kept))


class TestWord:
    @pytest.mark.feature("STR-50")
    @pytest.mark.parametrize("said", ["Nantes", "nan*", "NANTES*", "Nan *"])
    def test_finds_a_city_whole_or_by_its_beginning(self, said: str):
        assert fits(word("city", said), search_fields(a_structure(address=RUE))["city"])

    @pytest.mark.parametrize("said", ["nan", "antes*", "n.ntes*", "nantes sud*"])
    def test_does_not_find_another(self, said: str):
        assert not fits(word("city", said), search_fields(a_structure(address=RUE))["city"])

    @pytest.mark.parametrize("said", ["n*", "*", "-- *"])
    def test_asks_for_two_letters_before_a_star(self, said: str):
        with pytest.raises(SearchTooWide) as refused:
            word("city", said)
        assert refused.value.members["errors"][0]["pointer"] == "/query/city"


class TestCode:
    @pytest.mark.feature("STR-50")
    def test_finds_a_postcode_whole_or_by_its_beginning(self):
        assert fits(code("postcode", "44*"), "44000")
        assert fits(code("postcode", "44000"), "44000")
        assert not fits(code("postcode", "44"), "44000")
        assert not fits(code("postcode", "00*"), "44000")
        with pytest.raises(SearchTooWide):
            code("postcode", "4*")


class TestIdentifier:
    @pytest.mark.feature("STR-49", "STR-50")
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            ("732 829*", "73282932000074"),
            ("732.829.320", "73282932000074"),
            ("us acme  cor", "US ACME CORP"),
            ("écol", "ÉCOLE"),
            ("be 0428", "BE0428759497"),
            ("es+1*", "ES+123"),
        ],
    )
    def test_finds_by_a_beginning_written_as_any_type_may_be(self, said: str, kept: str):
        assert any(fits(one["identifier.value"], kept) for one in identifier(said)["$or"])

    def test_does_not_find_what_begins_otherwise(self):
        for said in ("829", "7.2", "73282932000075"):
            found = identifier(said)["$or"]
            assert not any(fits(one["identifier.value"], "73282932000074") for one in found)
