"""By which index a search is read."""

from services.structures.search import patterns, search_fields
from services.structures.ways import BY_GRAM, IN_ORDER, Looked, Sample
from tests.structures.builders import SIRET, a_structure

NAMES = ["menuiserie petit", *["mairie de lens"] * 49, *["sarl garage dupont"] * 50]


def looked(name: str) -> Looked:
    fields = search_fields(a_structure(legal_name=name))
    return Looked(tuple(fields["texts"]), SIRET.value, tuple(fields["grams"]))


SAMPLE = Sample(map(looked, NAMES), among=100_000)


def way(q: str) -> str:
    found = patterns(q)
    leading = frozenset[str]().union(*(one.grams for one in found if one.digits is None))
    return SAMPLE.way(found, SAMPLE.rarest(leading), wanted=50)


class TestRarest:
    def test_is_the_gram_that_the_fewest_have(self):
        assert SAMPLE.rarest({"men", "mai", "gar"}) == "men"

    def test_may_be_one_that_nobody_has(self):
        assert SAMPLE.rarest({"men", "zzz"}) == "zzz"


class TestWay:
    def test_is_in_order_where_many_fit(self):
        assert way("*garage*") == IN_ORDER

    def test_is_by_gram_where_few_fit(self):
        assert way("*nobody*") == BY_GRAM

    def test_is_by_gram_where_grams_are_common_but_nobody_fits(self):
        assert way("*garage*mairie*") == BY_GRAM

    def test_counts_who_is_found_by_the_identifier_alone(self):
        assert way(f"dupont {SIRET.value[:4]}") == IN_ORDER

    def test_is_known_where_there_is_nothing_yet(self):
        nothing = Sample((), among=0)
        found = patterns("*garage*")
        assert nothing.way(found, nothing.rarest({"gar"}), wanted=50) == BY_GRAM
