"""By which of its grams a search is read."""

from services.structures.search import search_fields
from services.structures.ways import Sample
from tests.structures.builders import a_structure

NAMES = ["menuiserie petit", *["mairie de lens"] * 49, *["sarl garage dupont"] * 50]
SAMPLE = Sample(search_fields(a_structure(legal_name=name))["grams"] for name in NAMES)


class TestRarest:
    def test_is_the_gram_that_the_fewest_have(self):
        assert SAMPLE.rarest({"men", "mai", "gar"}) == "men"

    def test_may_be_one_that_nobody_has(self):
        assert SAMPLE.rarest({"men", "zzz"}) == "zzz"

    def test_is_known_where_there_is_nothing_yet(self):
        assert Sample(()).rarest({"gar"}) == "gar"
