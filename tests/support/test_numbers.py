"""The numbers of tickets."""

from services.support.domain.numbers import CANDIDATES, numbers_for
from tests.support.builders import ID


class TestNumbersFor:
    def test_are_the_same_each_time_and_differ_between_tickets(self):
        assert numbers_for(ID) == numbers_for(ID)
        assert set(numbers_for(ID)).isdisjoint(numbers_for("f" * 32))
        assert len(numbers_for(ID)) == CANDIDATES
