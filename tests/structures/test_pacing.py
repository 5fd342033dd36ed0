"""How often and how stubbornly INSEE is asked."""

import pytest

from services.structures.pacing import Breaker, Budget, Lately


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestBudget:
    def test_refills_as_time_goes_by(self, clock: Clock):
        budget = Budget(30, clock)

        assert [budget.take() for _ in range(30)] == [0] * 30
        assert budget.take() == pytest.approx(2)
        clock.now += 2
        assert budget.take() == 0
        assert budget.take() == pytest.approx(2)

    def test_pauses_when_told_to(self, clock: Clock):
        budget = Budget(30, clock)

        budget.pause(20)
        assert budget.take() == pytest.approx(20)
        clock.now += 20
        assert budget.take() == 0


class TestBreaker:
    @pytest.fixture
    def breaker(self, clock: Clock) -> Breaker:
        return Breaker(3, 15, clock)

    def test_lets_all_through_until_enough_failed_in_a_row(self, breaker: Breaker):
        for _ in range(2):
            breaker.failed()
        breaker.succeeded()
        for _ in range(2):
            breaker.failed()

        assert breaker.wait() == 0
        breaker.failed()
        assert breaker.wait() == pytest.approx(15)

    def test_lets_one_try_after_each_rest(self, breaker: Breaker, clock: Clock):
        for _ in range(3):
            breaker.failed()
        clock.now += 15

        assert breaker.wait() == 0
        assert breaker.wait() == pytest.approx(15)
        clock.now += 3
        breaker.failed()
        assert breaker.wait() == pytest.approx(15)

    def test_lets_all_through_again_once_one_succeeded(self, breaker: Breaker, clock: Clock):
        for _ in range(3):
            breaker.failed()
        clock.now += 15
        breaker.wait()
        breaker.succeeded()

        assert [breaker.wait() for _ in range(5)] == [0] * 5


class TestLately:
    def test_is_forgotten_after_its_time(self, clock: Clock):
        lately = Lately[str](300, clock=clock)
        lately.keep("a", "said")

        clock.now += 299
        assert lately.get("a") == "said"
        clock.now += 1
        assert lately.get("a") is None

    def test_is_kept_anew_when_said_again(self, clock: Clock):
        lately = Lately[str](300, clock=clock)
        lately.keep("a", "said")
        clock.now += 200
        lately.keep("a", "said since")
        clock.now += 200

        assert lately.get("a") == "said since"

    def test_holds_only_so_many(self, clock: Clock):
        lately = Lately[str](300, most=2, clock=clock)
        for about in "abc":
            lately.keep(about, about)

        assert [lately.get(about) for about in "abc"] == [None, "b", "c"]

    def test_of_no_time_is_nothing(self, clock: Clock):
        lately = Lately[str](0, clock=clock)
        lately.keep("a", "said")

        assert lately.get("a") is None
