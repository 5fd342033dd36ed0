"""So many in so long, for each name."""

import pytest

from kit.problems import TooMany
from services.gateway.rates import Rate


def taken(rate: Rate, name: str, now: float, *, tries: int) -> int:
    done = 0
    for _ in range(tries):
        try:
            rate.take(name, now)
        except TooMany:
            continue
        done += 1
    return done


class TestTake:
    def test_allows_all_of_it_at_once_and_no_more(self) -> None:
        assert taken(Rate("30/minute"), "a", 1000.0, tries=100) == 30

    def test_says_how_long_to_wait_and_allows_it_then(self) -> None:
        rate = Rate("30/minute")
        taken(rate, "a", 1000.0, tries=30)
        with pytest.raises(TooMany) as refused:
            rate.take("a", 1000.0)
        assert refused.value.retry_after == 2
        rate.take("a", 1002.0)

    def test_never_allows_more_than_twice_its_number_in_any_window(self) -> None:
        rate = Rate("30/minute")
        assert sum(taken(rate, "a", float(at), tries=5) for at in range(60)) <= 60

    def test_is_full_again_after_its_time(self) -> None:
        rate = Rate("30/minute")
        taken(rate, "a", 1000.0, tries=30)
        assert taken(rate, "a", 1060.0, tries=100) == 30

    def test_counts_each_name_alone(self) -> None:
        rate = Rate("1/second")
        rate.take("a", 0.0)
        rate.take("b", 0.0)

    def test_forgets_the_oldest_names(self) -> None:
        rate = Rate("1/second", names=10)
        for n in range(1000):
            rate.take(str(n), 0.0)
        assert len(rate) == 10
